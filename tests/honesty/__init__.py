"""Whether what wsrun reports is what happened: checks H1 to H17, each against a second witness.

    python -m tests.honesty              all of them, 20 to 25 minutes, on a machine that does nothing else
    python -m tests.honesty --quick      the same at a small scale, about seven minutes
    python -m tests.honesty H4 H12       some of them
    python -m tests.honesty --write      also write the table into docs/measurement.md

Each check is a module ``hNN_….py`` with a function ``check(quick)`` that yields rows.
"""
