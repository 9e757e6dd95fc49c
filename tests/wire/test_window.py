"""The transaction window, driven by hand: no socket, a clock of plain numbers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scamp_answer import answer

from spinnlive import wire
from spinnlive.wire import Completed, Failed, ResultCode, ScpWindow
from spinnlive.wire.window import REMEMBERED, RETRY_PAUSE_S

READ = wire.read_request(1, 1, 0x60000000, 4)


def test_a_request_completes() -> None:
    window = ScpWindow()
    sequence, datagram = window.submit(READ, now=0.0)
    outcome = window.receive(answer(datagram, b"abcd"), now=0.1)
    assert isinstance(outcome, Completed)
    assert (outcome.sequence, outcome.request, outcome.reply.data) == (sequence, READ, b"abcd")
    assert window.room == 4
    assert window.next_deadline is None


def test_replies_may_come_in_any_order() -> None:
    window = ScpWindow()
    sent = [window.submit(READ, now=0.0) for _ in range(4)]
    for sequence, datagram in reversed(sent):
        outcome = window.receive(answer(datagram), now=0.1)
        assert isinstance(outcome, Completed)
        assert outcome.sequence == sequence
    assert window.statistics().completed == 4


def test_the_window_is_bounded() -> None:
    window = ScpWindow(size=2)
    first = window.submit(READ, now=0.0)
    window.submit(READ, now=0.0)
    assert window.room == 0
    with pytest.raises(wire.WindowFull):
        window.submit(READ, now=0.0)
    window.receive(answer(first[1]), now=0.0)
    window.submit(READ, now=0.0)
    assert window.statistics().peak_outstanding == 2


def test_a_duplicate_changes_nothing_and_is_counted() -> None:
    window = ScpWindow()
    _, datagram = window.submit(READ, now=0.0)
    window.receive(answer(datagram), now=0.1)
    assert window.receive(answer(datagram), now=0.2) is None
    assert window.statistics().duplicates == 1


def test_strangers_are_counted() -> None:
    window = ScpWindow()
    sequence, datagram = window.submit(READ, now=0.0)
    other = ScpWindow(first_sequence=999).submit(READ, now=0.0)[1]
    wrong_chip = wire.encode_request(wire.read_request(0, 1, 0x60000000, 4), sequence)
    wrong_core = wire.encode_request(wire.get_time_request(1, 1, 3), sequence)
    for stranger in (other, wrong_chip, wrong_core):
        assert window.receive(answer(stranger), now=0.1) is None
    assert window.statistics().strangers == 3
    assert isinstance(window.receive(answer(datagram), now=0.1), Completed)


def test_the_root_chip_answers_under_its_own_coordinates() -> None:
    window = ScpWindow()
    _, datagram = window.submit(wire.version_request(), now=0.0)
    outcome = window.receive(answer(datagram, chip=(4, 8)), now=0.1)
    assert isinstance(outcome, Completed)
    assert (outcome.reply.x, outcome.reply.y) == (4, 8)


def test_silence_is_met_by_the_same_bytes_then_by_giving_up() -> None:
    window = ScpWindow(timeout_s=0.5, tries=3)
    sequence, datagram = window.submit(READ, now=10.0)
    assert window.next_deadline == 10.5
    assert window.expire(10.4) == wire.Due((), ())
    assert window.expire(10.5) == wire.Due((datagram,), ())
    assert window.next_deadline == 11.0
    assert window.expire(11.0) == wire.Due((datagram,), ())
    due = window.expire(11.5)
    assert due == wire.Due((), (Failed(sequence, READ, None, 3),))
    assert window.room == 4
    assert window.receive(answer(datagram), now=12.0) is None
    assert window.statistics().duplicates == 1


def test_a_late_reply_to_any_try_counts() -> None:
    window = ScpWindow(timeout_s=0.5)
    _, datagram = window.submit(READ, now=0.0)
    window.expire(0.5)
    assert isinstance(window.receive(answer(datagram), now=0.6), Completed)
    assert window.statistics().resent == 1


@pytest.mark.parametrize("code", sorted(wire.RETRYABLE))
def test_a_passing_trouble_is_tried_again(code: int) -> None:
    window = ScpWindow(timeout_s=0.5, tries=2)
    sequence, datagram = window.submit(READ, now=0.0)
    assert window.receive(answer(datagram, code=code), now=0.2) is None
    assert window.next_deadline == pytest.approx(0.2 + RETRY_PAUSE_S)
    assert window.expire(0.4).resend == (datagram,)
    outcome = window.receive(answer(datagram, code=code), now=0.5)
    assert outcome == Failed(sequence, READ, code, 2)


def test_a_lasting_trouble_fails_at_once() -> None:
    window = ScpWindow()
    sequence, datagram = window.submit(READ, now=0.0)
    outcome = window.receive(answer(datagram, code=ResultCode.ROUTE), now=0.1)
    assert outcome == Failed(sequence, READ, ResultCode.ROUTE, 1)
    sequence, datagram = window.submit(READ, now=0.2)
    assert window.receive(answer(datagram, code=0x42), now=0.3) == Failed(sequence, READ, 0x42, 1)


def test_one_request_may_have_its_own_patience() -> None:
    window = ScpWindow(timeout_s=0.5, tries=8)
    sequence, _ = window.submit(wire.signal_request(17, wire.Signal.SYNC0), 0.0, tries=1)
    _, slow = window.submit(READ, 0.0, timeout_s=6.0)
    assert window.expire(0.5).failed[0].sequence == sequence
    assert window.expire(5.9).resend == ()
    assert window.expire(6.0).resend == (slow,)


def test_an_abandoned_request_frees_its_place() -> None:
    window = ScpWindow(size=1)
    sequence, datagram = window.submit(READ, now=0.0)
    window.abandon(sequence)
    window.abandon(sequence)
    assert window.room == 1
    assert window.next_deadline is None
    assert window.receive(answer(datagram), now=0.1) is None


def test_sequence_numbers_wrap_and_pass_over_those_in_use() -> None:
    window = ScpWindow(size=2, first_sequence=0xFFFF)
    slow, slow_datagram = window.submit(READ, now=0.0)
    used = []
    for _ in range(0x10000 + 10):
        sequence, datagram = window.submit(READ, now=0.0)
        used.append(sequence)
        window.receive(answer(datagram), now=0.0)
    assert slow == 0xFFFF
    assert slow not in used
    assert set(used) == set(range(0xFFFF))
    assert isinstance(window.receive(answer(slow_datagram), now=1.0), Completed)


def test_malformed_datagrams_are_counted() -> None:
    window = ScpWindow()
    window.submit(READ, now=0.0)
    for datagram in (b"", bytes(13), bytes(283)):
        assert window.receive(datagram, now=0.0) is None
    assert window.statistics().malformed == 3


@pytest.mark.parametrize("bad", [{"size": 0}, {"size": 65}, {"tries": 0}, {"timeout_s": 0.0}])
def test_a_window_that_cannot_be_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        ScpWindow(**bad)  # type: ignore[arg-type]


def test_more_is_remembered_than_a_window_can_hold() -> None:
    with pytest.raises(ValueError, match=str(REMEMBERED)):
        ScpWindow(size=REMEMBERED + 1)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["submit", "answer", "again", "drop", "wait", "bad"]), max_size=80))
def test_every_request_ends_exactly_once(steps: list[str]) -> None:
    window = ScpWindow(size=3, timeout_s=1.0, tries=2)
    now, on_the_wire, answered, ended = 0.0, [], [], []
    submitted = []
    for step in steps:
        now += 0.25
        outcome: Completed | Failed | None = None
        if step == "submit" and window.room:
            sequence, datagram = window.submit(READ, now)
            submitted.append(sequence)
            on_the_wire.append(datagram)
        elif step == "answer" and on_the_wire:
            answered.append(on_the_wire.pop(0))
            outcome = window.receive(answer(answered[-1]), now)
        elif step == "again" and answered:
            outcome = window.receive(answer(answered[-1]), now)
        elif step == "drop" and on_the_wire:
            on_the_wire.pop()
        elif step == "bad" and on_the_wire:
            outcome = window.receive(answer(on_the_wire[-1], code=ResultCode.ARG), now)
        elif step == "wait":
            now += 1.0
        due = window.expire(now)
        on_the_wire.extend(due.resend)
        ended += [one.sequence for one in due.failed]
        if outcome is not None:
            ended.append(outcome.sequence)
        assert len(ended) + window.statistics().outstanding == len(submitted)
    while window.next_deadline is not None:
        ended += [one.sequence for one in window.expire(window.next_deadline).failed]
    assert sorted(ended) == sorted(submitted)
