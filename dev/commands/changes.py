"""``dev/main.py changes COMMIT | --release TAG``: check the commits since one, or a release."""

from ..changes import problems_of_release, problems_since
from ..console import DevError


def main(arguments: list[str]) -> int:
    if not arguments or arguments == ["--release"] or len(arguments) > 2:
        raise DevError("usage: python3 dev/main.py changes COMMIT | --release TAG")
    if arguments[0] == "--release":
        problems = problems_of_release(arguments[1])
    else:
        problems = problems_since(arguments[0])
    for problem in problems:
        print(problem)
    return 1 if problems else 0
