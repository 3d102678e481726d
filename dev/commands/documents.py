"""``dev/main.py documents``: write again what follows from the manifests."""

from .. import documents


def main(arguments: list[str]) -> int:
    documents.REQUIREMENTS.write_text(documents.requirements())
    documents.README.write_text(documents.with_table(documents.README.read_text()))
    return 0
