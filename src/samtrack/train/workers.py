"""An endless stream of examples made by worker processes, in an order that depends on the seed alone.

A *source* (a simulated movie, a volume) gives several examples, since making it costs more than cutting it. Those of one
source are spread over the stream: `MIXED` sources are open at a time, in lanes that begin at different examples.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from typing import TypeVar

import numpy as np

T = TypeVar("T")

MIXED = 8
"""Sources whose examples alternate, so that a batch does not see one source only."""

AHEAD_PER_WORKER = 3
"""Sources that wait for the reader, per worker; each takes some ten MB."""

THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def mixed_stream(
    make_source: Callable[[int], list[T]], per_source: int, workers: int = 1, start: int = 0
) -> Generator[T]:
    """Examples ``start``, ``start`` + 1, ... without end; equal whatever the number of workers (0: in this process).

    ``make_source`` gives ``per_source`` examples. An exception of a worker is raised here. Closing the iterator ends the
    workers.
    """
    sources = sources_from(start, per_source)
    waiting: dict[int, list[T]] = {}
    with _maker(workers, make_source) as make:
        pending: deque[tuple[int, Future[list[T]]]] = deque()
        for place in count(start):
            source, j = address(place, per_source)
            while source not in waiting:
                while len(pending) < max(1, AHEAD_PER_WORKER * workers):
                    ahead = next(sources)
                    pending.append((ahead, make(ahead)))
                done, future = pending.popleft()
                waiting[done] = future.result()
            yield waiting[source][j]
            if j == per_source - 1:
                del waiting[source]


def address(place: int, per_source: int) -> tuple[int, int]:
    """Source and example of the source at a place of the stream."""
    lane = place % MIXED
    n = place // MIXED + lane * per_source // MIXED  # lanes change their sources at different times
    return n // per_source * MIXED + lane, n % per_source


def sources_from(start: int, per_source: int) -> Iterator[int]:
    """The sources in the order in which a stream from ``start`` needs them."""
    for place in count(start):
        source, j = address(place, per_source)
        if j == 0 or place < start + MIXED:
            yield source


@contextmanager
def _maker(workers: int, make_source: Callable[[int], list[T]]) -> Iterator[Callable[[int], Future[list[T]]]]:
    """What makes the examples of a source, now or in a worker process; ends its workers at the end."""
    if workers == 0:

        def make_now(source: int) -> Future[list[T]]:
            done: Future[list[T]] = Future()
            done.set_result(make_source(source))
            return done

        yield make_now
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_end_with_parent)
    try:
        with _single_threads():
            pool.submit(os.getpid).result()  # all processes of a spawning pool start with its first task
        yield lambda source: pool.submit(make_source, source)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


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


def ahead(stream: Generator[T], n: int = 4) -> Generator[T]:
    """The same examples, up to ``n`` of them made in advance by a thread, for streams that wait for a disk."""
    with ThreadPoolExecutor(1) as thread, closing(stream):
        pending: deque[Future[T]] = deque(thread.submit(next, stream) for _ in range(n))
        try:
            while True:
                done = pending.popleft().result()
                pending.append(thread.submit(next, stream))
                yield done
        finally:
            thread.shutdown(wait=True, cancel_futures=True)


def mixed(first: Generator[T], second: Generator[T], share: float, seed: int, start: int = 0) -> Generator[T]:
    """Examples of two streams, a share of them of the second, from place ``start`` on (`seconds_before` are used up)."""
    rng = np.random.default_rng([seed, 8])
    rng.random(start)
    with closing(first), closing(second):
        while True:
            yield next(second) if rng.random() < share else next(first)


def seconds_before(start: int, share: float, seed: int) -> int:
    """How many examples before place ``start`` of `mixed` are of its second stream."""
    return int(np.count_nonzero(np.random.default_rng([seed, 8]).random(start) < share))
