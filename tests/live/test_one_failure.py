"""Whatever a board that is gone makes of the tasks that ask it, one exception comes out."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio

from spinnlive.errors import BoardLost, CoreFailure, SpinnliveError, UsageError
from spinnlive.live.open import one_failure

LOST = BoardLost("the run's own")


def outcome(failure: SpinnliveError | None, errors: Sequence[BaseException]) -> BaseException:
    """Give what comes out of a live run whose ``failure`` that is, when its tasks raise these."""
    live = cast(Any, SimpleNamespace(failure=failure))
    with pytest.raises(BaseException) as caught, one_failure(live):
        raise BaseExceptionGroup("tasks", errors)
    return caught.value


def test_a_stream_meets_it_as_well() -> None:
    nested = BaseExceptionGroup("of a stream", [BoardLost("a stream's")])
    assert outcome(LOST, [LOST]) is LOST
    assert outcome(LOST, [nested, LOST]) is LOST
    assert outcome(LOST, [nested]) is LOST


def test_a_stream_meets_it_first() -> None:
    dead = CoreFailure("a stream's")
    assert outcome(None, [BaseExceptionGroup("of a stream", [dead])]) is dead


@pytest.mark.parametrize("failure", [LOST, None])
def test_errors_of_others_are_not_hidden(failure: SpinnliveError | None) -> None:
    for error in (ValueError("theirs"), UsageError("theirs"), KeyboardInterrupt()):
        group = outcome(failure, [LOST, error])
        assert isinstance(group, BaseExceptionGroup)
        assert error in group.exceptions


async def test_a_run_that_is_cancelled_is_no_failure() -> None:
    live = cast(Any, SimpleNamespace(failure=None))
    with trio.CancelScope() as scope, one_failure(live):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
