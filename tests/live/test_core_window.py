"""No core ever holds more messages than it has buffers for, unless it shows that it takes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spinnlive.live.window import BUFFERS, PRESUMED, TAKEN_S, CoreWindow


def flood(window: CoreWindow, now: float, questions: list[int]) -> int:
    """Send while there is room; give how many datagrams that were."""
    sent = 0
    while window.has_room(now):
        window.sent(now)
        sent += 1
        if window.wants_question(now):
            questions.append(len(questions))
            window.asked(questions[-1], now)
    return sent


def test_a_flood_fills_the_buffers_and_asks() -> None:
    window, questions = CoreWindow(), list[int]()
    assert flood(window, 1.0, questions) == BUFFERS - 1
    assert (window.under_way, window.is_asked, len(questions)) == (BUFFERS, True, 1)


def test_an_answer_makes_room_for_what_was_sent_before_its_question() -> None:
    window, questions = CoreWindow(), list[int]()
    flood(window, 1.0, questions)
    assert window.answered(questions[-1])
    assert (window.under_way, window.unconfirmed) == (0, 0)
    # now that somebody had to wait, the next question goes earlier and a datagram follows it
    assert flood(window, 1.0, questions) == BUFFERS - 1
    assert window.under_way == BUFFERS
    assert window.answered(questions[-1])
    assert (window.under_way, window.unconfirmed) == (1, 1)


def test_a_slow_stream_is_presumed_taken_and_asks_now_and_then() -> None:
    window, now, questions = CoreWindow(), 0.0, 0
    for _ in range(10 * PRESUMED):
        now += TAKEN_S
        assert window.has_room(now)
        window.sent(now)
        if window.wants_question(now):
            questions += 1
            window.asked(questions, now)
            assert window.answered(questions)
    assert questions == 10


def test_a_core_that_is_silent_is_presumed_alive_only_so_long() -> None:
    window, now, sent = CoreWindow(), 0.0, 0
    for _ in range(10 * PRESUMED):
        now += TAKEN_S
        if window.has_room(now):
            window.sent(now)
            sent += 1
            if window.wants_question(now):
                window.asked(1, now)
    assert sent <= PRESUMED + BUFFERS


def test_a_slow_board_has_more_time() -> None:
    window = CoreWindow()
    for _ in range(BUFFERS):
        window.sent(0.0)
    assert not window.has_room(TAKEN_S, board_speed=0.5)
    assert window.has_room(2 * TAKEN_S, board_speed=0.5)


def test_only_the_latest_question_counts() -> None:
    window, questions = CoreWindow(), list[int]()
    flood(window, 0.0, questions)
    window.forget_question()
    assert window.wants_question(0.0)
    window.asked(99, 0.0)
    assert not window.answered(questions[-1])
    assert window.answered(99)
    assert window.under_way == 0


@given(st.lists(st.tuples(st.floats(0, 0.004), st.booleans())))
def test_never_more_than_the_buffers_hold(steps: list[tuple[float, bool]]) -> None:
    """A core that takes each message within `TAKEN_S`, and answers when it takes a question."""
    window, now, number, question_s = CoreWindow(), 0.0, 0, 0.0
    held: list[float] = []
    for pause, wants_to_send in steps:
        now += pause
        held = [sent for sent in held if now - sent < TAKEN_S]
        if window.is_asked and now - question_s >= TAKEN_S:
            window.answered(number)
        if not wants_to_send or not window.has_room(now):
            continue
        window.sent(now)
        held.append(now)
        if window.wants_question(now):
            number, question_s = number + 1, now
            window.asked(number, now)
            held.append(now)
        assert len(held) <= BUFFERS + 1  # a question may follow the last datagram
