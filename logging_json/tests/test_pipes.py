import json
import os
import subprocess
import sys

from odoo.tests import BaseCase, tagged

PROGRAM = """
import importlib.util, json, logging, os, sys
spec = importlib.util.spec_from_file_location("pipes", sys.argv[1])
pipes = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pipes)
logger = logging.Logger("lines")
handler = logging.StreamHandler()
logger.addHandler(handler)
if sys.argv[2] == "whole":
    pipes.keep_lines_whole(handler)
children = []
for process in range(6):
    child = os.fork()
    if not child:
        for number in range(60):
            text = "stack" * (3000 if number % 3 else 10)
            logger.info("%s", json.dumps([process, number, text]))
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
"""


@tagged("-at_install", "post_install")
class TestPipes(BaseCase):
    def lines_of(self, way):
        """Have six processes write into one pipe, and return what a slow reader gets."""
        module = os.path.join(os.path.dirname(os.path.dirname(__file__)), "pipes.py")
        writer = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, module, way], stderr=subprocess.PIPE
        )
        text = b""
        while part := os.read(writer.stderr.fileno(), 3000):
            text += part
        writer.stderr.close()
        self.assertEqual(writer.wait(60), 0)
        return text.splitlines()

    def test_lines_of_many_processes_stay_whole_in_a_pipe(self):
        lines = [json.loads(line) for line in self.lines_of("whole")]
        self.assertEqual(
            sorted((process, number) for process, number, _text in lines),
            [(process, number) for process in range(6) for number in range(60)],
        )

    def test_without_it_they_are_mixed(self):
        broken = 0
        for line in self.lines_of("as they come"):
            try:
                json.loads(line)
            except ValueError:
                broken += 1
        self.assertGreater(broken, 0)
