import time

from samtrack.doctor.command import ask


def test_an_answer_is_what_the_program_said(program):
    program("good", "echo $1; echo noise >&2")
    program("bad", "echo one >&2; echo the reason >&2; exit 3")
    good, bad, none = ask("good", "day"), ask("bad"), ask("nowhere")
    assert (good.is_good, good.out, good.err) == (True, "day\n", "noise\n")
    assert (bad.is_good, bad.status, bad.complaint) == (False, 3, "the reason")
    assert none.is_missing
    assert "not on the PATH" in none.complaint


def test_a_program_that_hangs_is_left_with_its_children(program):
    program("slow", "sleep 30")  # the child holds the pipe: killing the shell alone would not end the wait
    start = time.monotonic()
    answer = ask("slow", timeout_s=0.3)
    assert time.monotonic() - start < 5
    assert answer.status is None
    assert "no answer within 0.3 s" in answer.complaint


def test_a_program_that_cannot_be_started(program, tmp_path):
    program("odd", "")
    (tmp_path / "bin" / "odd").write_text("#!/nowhere/sh\n")
    assert "cannot be started" in ask("odd").complaint
