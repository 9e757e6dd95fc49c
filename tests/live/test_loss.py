"""Datagrams accounted for: what SCAMP sent, what the kernel dropped, what never came."""

from __future__ import annotations

from spinnlive import wire
from spinnlive.live.loss import PacketAccount

HERE = ("127.0.0.1", 5000)


def tag(sent: int, owner: tuple[str, int] = HERE, *, valid: bool = True) -> wire.IpTag:
    return wire.IpTag(*owner, sent, valid)


def claimed() -> PacketAccount:
    account = PacketAccount()
    account.tag_set()
    return account


def counts(account: PacketAccount) -> tuple[int, int, int]:
    return account.network_drops, account.duplicates, account.known_sent


def test_what_scamp_sent_and_did_not_come_was_lost_in_the_network() -> None:
    account = claimed()
    account.came(10, 0)
    account.tag_read(tag(10))
    assert counts(account) == (0, 0, 10)
    account.came(7, 0)
    account.tag_read(tag(20))
    assert counts(account) == (3, 0, 20)


def test_what_the_kernel_dropped_was_not_lost_in_the_network() -> None:
    account = claimed()
    account.came(5, 4)
    account.tag_read(tag(10))
    assert (account.kernel_drops, *counts(account)) == (4, 1, 0, 10)


def test_what_an_answer_has_overtaken_is_taken_back() -> None:
    account = claimed()
    account.tag_read(tag(2))
    assert account.network_drops == 2
    account.came(2, 0)
    account.tag_read(tag(2))
    assert counts(account) == (0, 0, 2)


def test_what_came_twice_is_told() -> None:
    account = claimed()
    account.came(12, 0)
    account.tag_read(tag(10))
    assert counts(account) == (0, 2, 10)


def test_setting_the_tag_anew_keeps_what_is_known() -> None:
    account = claimed()
    account.came(8, 1)
    account.tag_read(tag(10))
    account.tag_set()
    account.came(5, 3)
    account.tag_read(tag(8))
    assert counts(account) == (1 + 1, 0, 18)


def test_scamps_count_begins_anew_after_32_bits() -> None:
    account = claimed()
    account.received += 0xFFFFFFFF
    account.tag_read(tag(0xFFFFFFFF))
    account.came(3, 0)
    account.tag_read(tag(3))
    assert counts(account) == (1, 0, 0xFFFFFFFF + 4)


def test_a_tag_that_was_taken_from_us_says_so() -> None:
    account = claimed()
    account.came(3, 0)
    account.tag_read(tag(3))
    account.tag_read(tag(50, ("127.0.0.1", 6000)))
    assert account.taken_by == "127.0.0.1:6000"
    assert counts(account) == (0, 0, 3)
    account.tag_set()
    assert account.taken_by is None
