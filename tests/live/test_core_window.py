"""No core ever holds more messages than it has buffers for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spinnlive.live.window import BUFFERS, CoreWindow


def flood(window: CoreWindow, questions: list[int]) -> int:
    """Send while there is room; give how many datagrams that were."""
    sent = 0
    while window.has_room:
        window.sent()
        sent += 1
        if window.wants_question:
            questions.append(len(questions))
            window.asked(questions[-1])
    return sent


def test_a_flood_fills_the_buffers_and_asks() -> None:
    window, questions = CoreWindow(), list[int]()
    assert flood(window, questions) == BUFFERS - 1
    assert (window.under_way, window.is_asked, len(questions)) == (BUFFERS, True, 1)


def test_an_answer_makes_room_for_what_was_sent_before_its_question() -> None:
    window, questions = CoreWindow(), list[int]()
    flood(window, questions)
    assert window.answered(questions[-1])
    assert window.under_way == 1  # the datagram that followed the question
    assert flood(window, questions) == BUFFERS - 2
    assert window.under_way == BUFFERS


def test_a_slow_stream_is_asked_after_every_second_datagram_and_always_has_room() -> None:
    """Even if the answer is only read when the next datagram has been sent."""
    window, questions = CoreWindow(), 0
    for _ in range(30):
        assert window.has_room
        window.sent()
        if window.is_asked:
            assert window.answered(questions)
        if window.wants_question:
            questions += 1
            window.asked(questions)
    assert questions == 15


def test_only_the_latest_question_counts() -> None:
    window, questions = CoreWindow(), list[int]()
    flood(window, questions)
    window.forget_question()
    assert window.wants_question
    window.asked(99)
    assert not window.answered(questions[-1])
    assert window.answered(99)
    assert window.under_way == 0


@given(st.lists(st.sampled_from(["send", "take", "answer"]), max_size=200))
def test_never_more_than_the_buffers_hold(steps: list[str]) -> None:
    """Whatever the core and the host are slow at: taking messages, answering, sending."""
    window, number = CoreWindow(), 0
    held: list[int] = []  # numbers of questions, 0 for data
    answers: list[int] = []
    for step in steps:
        if step == "take" and held:
            taken = held.pop(0)
            if taken:
                answers.append(taken)
        elif step == "answer" and answers:
            window.answered(answers.pop(0))
        elif step == "send" and window.has_room:
            window.sent()
            held.append(0)
            if window.wants_question:
                number += 1
                window.asked(number)
                held.append(number)
        assert len(held) <= BUFFERS
