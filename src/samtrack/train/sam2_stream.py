"""An endless stream of simulated clips, made by worker processes, in an order that depends on the seed alone.

Clips of one movie are spread over the stream: `MIXED` movies are open at a time, in lanes that begin at different clips.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from itertools import count

import numpy as np

from samtrack.train.sam2_clips import CLIPS_PER_SCENE, STRIDES, Clip, ctc_clips, simulated_clips
from samtrack.train.sam2_movies import TrackedMovie

CLIPS_PER_MOVIE = 8
"""Clips cut from one movie."""

MIXED = 8
"""Movies whose clips alternate, so that a batch does not see one movie only."""

AHEAD_PER_WORKER = 3
"""Movies that wait for the reader, per worker; each takes about 19 MB with 3 frames of 256 x 256."""

THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def clip_stream(
    seed: int,
    side_px: int,
    n_frames: int,
    workers: int = 1,
    start: int = 0,
    strides: Sequence[float] = STRIDES,
) -> Generator[Clip]:
    """Clips ``start``, ``start`` + 1, ... without end; equal whatever the number of workers (0: in this process).

    An exception of a worker is raised here. Closing the iterator ends the workers.
    """
    movies = _movies(start)
    waiting: dict[int, list[Clip]] = {}
    with _maker(workers, partial(_clips_of, seed, side_px, n_frames, strides)) as make:
        pending: deque[tuple[int, Future[list[Clip]]]] = deque()
        for place in count(start):
            movie, j = _address(place)
            while movie not in waiting:
                while len(pending) < max(1, AHEAD_PER_WORKER * workers):
                    ahead = next(movies)
                    pending.append((ahead, make(ahead)))
                done, future = pending.popleft()
                waiting[done] = future.result()
            yield waiting[movie][j]
            if j == CLIPS_PER_MOVIE - 1:
                del waiting[movie]


def _address(place: int) -> tuple[int, int]:
    """Movie and clip of the movie at a place of the stream."""
    lane = place % MIXED
    n = place // MIXED + lane * CLIPS_PER_MOVIE // MIXED  # lanes change their movies at different times
    return n // CLIPS_PER_MOVIE * MIXED + lane, n % CLIPS_PER_MOVIE


def _movies(start: int) -> Iterator[int]:
    """The movies in the order in which a stream from ``start`` needs them."""
    for place in count(start):
        movie, j = _address(place)
        if j == 0 or place < start + MIXED:
            yield movie


Make = Callable[[int], "Future[list[Clip]]"]


@contextmanager
def _maker(workers: int, clips_of: Callable[[int], list[Clip]]) -> Iterator[Make]:
    """What makes the clips of a movie, now or in a worker process; ends its workers at the end."""
    if workers == 0:

        def make_now(movie: int) -> Future[list[Clip]]:
            done: Future[list[Clip]] = Future()
            done.set_result(clips_of(movie))
            return done

        yield make_now
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_end_with_parent)
    try:
        with _single_threads():
            pool.submit(os.getpid).result()  # all processes of a spawning pool start with its first task
        yield lambda movie: pool.submit(clips_of, movie)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _clips_of(seed: int, side_px: int, n_frames: int, strides: Sequence[float], movie: int) -> list[Clip]:
    drawn = int(np.random.SeedSequence([seed, movie]).generate_state(1)[0])
    return simulated_clips(drawn, side_px, n_frames, CLIPS_PER_MOVIE, strides)


@contextmanager
def _single_threads() -> Iterator[None]:
    """Processes started meanwhile use one thread each in libraries that would take all cores."""
    before = {name: os.environ.get(name) for name in THREAD_SETTINGS}
    os.environ.update(dict.fromkeys(THREAD_SETTINGS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _end_with_parent() -> None:
    """Let this worker end when its parent has been killed; it would wait for tasks for ever."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def ctc_stream(
    movies: Sequence[TrackedMovie], seed: int, side_px: int, n_frames: int, start: int = 0
) -> Generator[Clip]:
    """Clips ``start``, ``start`` + 1, … of annotated movies, without end, in an order that depends on the seed alone."""
    for place in count(start):
        drawn = np.random.SeedSequence([seed, place // CLIPS_PER_SCENE]).generate_state(2)
        movie = movies[int(drawn[0]) % len(movies)]
        if place == start or place % CLIPS_PER_SCENE == 0:
            scene = ctc_clips(
                movie.images, movie.labels, movie.tracks, int(drawn[1]), side_px, n_frames, CLIPS_PER_SCENE
            )
        yield scene[place % CLIPS_PER_SCENE]


def mixed(first: Generator[Clip], second: Generator[Clip], share: float, seed: int) -> Generator[Clip]:
    """Clips of two streams, a share of them of the second."""
    rng = np.random.default_rng([seed, 8])
    with closing(first), closing(second):
        while True:
            yield next(second) if rng.random() < share else next(first)
