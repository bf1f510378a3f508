"""What became of the contracts: how many messages were checked, and how many broke them."""

from __future__ import annotations

from typing import Any

from wsrun.metrics.store import Store
from wsrun.plan import Plan


def contracts(plan: Plan, store: Store) -> list[dict[str, Any]]:
    """Return one entry a contract, in the order of the scenario; warm-ups are counted too."""
    checked = store.by_label("contract.checked", "message")
    return [
        {
            "name": contract.name,
            "share": contract.share,
            "checked": checked.get(contract.name, 0),
            "violations": {
                name: number
                for name, number in store.by_label(
                    "contract.violations", "message", contract=contract.name
                ).items()
                if number
            },
        }
        for contract in plan.contracts
    ]
