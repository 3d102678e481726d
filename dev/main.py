"""Entry point of the development commands: ``main.py run|test|lint|bench [arguments]``."""

import importlib
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from dev.console import DevError, fail  # noqa: E402  (the path comes first)


def main() -> int:
    command = importlib.import_module(f"dev.commands.{sys.argv[1]}")
    try:
        return int(command.main(sys.argv[2:]))
    except DevError as error:
        return fail(error)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
