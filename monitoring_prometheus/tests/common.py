import shutil
import tempfile
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from odoo.tests import BaseCase

from ..aggregator import AllValues
from ..process_registry import ProcessValues


class ValuesCase(BaseCase):
    """Has a separate folder for values."""

    def setUp(self):
        super().setUp()
        self.directory = Path(tempfile.mkdtemp(prefix="odoo-metrics-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.values = self.process()

    def process(self):
        """Count as a process does that begins."""
        values = ProcessValues(self.directory)
        self.addCleanup(values.close)
        return values

    def collected(self):
        """Return the numbers of all processes, by metric name and labels."""
        from ..mmap_file import decoded_key

        numbers = AllValues(self.directory).collect().numbers
        return {decoded_key(key): value for key, value in numbers.items()}

    def files(self):
        return [path.name for path in self.directory.glob("*.values")]


def samples(text):
    """Return the values of a scrape, by name and sorted labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
