"""Runs one benchmark inside Odoo: ``python -m dev.benchmarks NAME DATABASE [option…]``.

NAME:PART,PART runs some parts of it.
"""

import importlib
import sys
from typing import Any


def main() -> None:
    name, database, *options = sys.argv[1:]
    import odoo
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, *options])

    def environment(cursor: Any) -> Any:
        return odoo.api.Environment(cursor, odoo.SUPERUSER_ID, {})

    name, _colon, parts = name.partition(":")
    module = importlib.import_module(f"dev.benchmarks.{name}")
    module.main(Registry(database), environment, *filter(None, parts.split(",")))


main()
