"""Made-up values: the same for the same seed, of JSON's types, never more than is good."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
import pytest
from scopes import Client, tools

from wsrun.expressions import FakePool, check_fake, compile_value
from wsrun.expressions.fakes import POOL, provider_names


def test_a_pool_depends_on_the_seed_and_the_call_alone() -> None:
    """Whatever was made before, and by which worker, a seed gives the same values."""
    one, other = FakePool(7), FakePool(7)
    other.values("name")
    other.draw(Random(1), "text", 20)
    assert one.values("sentence") == other.values("sentence")
    assert one.values("sentence") != FakePool(8).values("sentence")
    assert one.values("sentence") != one.values("sentence", 3)
    assert len(one.values("sentence")) == POOL


def test_a_call_with_constant_arguments_draws_from_a_pool() -> None:
    """Making one takes longer than sending a message."""
    kit = tools()
    made = compile_value("{{ fake.sentence(nb_words=3) }}", kit)
    drawn = {made(Client(rng=Random(seed))) for seed in range(50)}
    assert drawn <= set(kit.fake.values("sentence", nb_words=3))
    assert len(drawn) > 25


def test_calls_whose_arguments_vary_leave_no_pools_behind() -> None:
    """Memory does not grow with the number of messages."""
    kit = tools()
    made = compile_value("{{ fake.text(20 + seq) }}", kit)
    for seq in range(30):
        made(Client(seq=seq))
    assert kit.fake._pools == {}


def test_long_values_make_a_small_pool() -> None:
    """What 500 of them would take is not made."""
    pool = FakePool(1).values("text", 10_000)
    assert 1 < len(pool) < POOL
    assert sum(map(len, pool)) < 1 << 20


def test_all_that_faker_makes_can_be_written_as_json() -> None:
    """Dates, decimals, tuples and sets have become what JSON has."""
    pool, rng = FakePool(1), Random(1)
    made: dict[str, Any] = {}
    for name in sorted(provider_names()):
        try:
            made[name] = pool.draw(rng, name)
        except ValueError:
            continue  # It needs arguments.
    assert len(made) > 200
    assert made == orjson.loads(orjson.dumps(made))


@pytest.mark.parametrize("name", ["_format", "__class__", "seed", "add_provider", "format", "binary"])
def test_what_is_no_value_cannot_be_made(name: str) -> None:
    """Faker's own workings, and makers of files, are out of reach."""
    with pytest.raises(ValueError, match="does not know how to make"):
        FakePool(1).values(name)


def test_unknown_names_come_with_the_nearest_known() -> None:
    """The check of a scenario says what was meant."""
    assert [(name, near[:2]) for name, near in check_fake(["name", "sentense"])] == [
        ("sentense", ["sentence", "sentences"])
    ]
    assert check_fake(["name", "sentence", "random_int"]) == []
