import json
import os
import subprocess
import sys
import time

from odoo.tests import BaseCase, tagged

IMPORT = """
import importlib.util, json, logging, os, sys
spec = importlib.util.spec_from_file_location("pipes", sys.argv[1])
pipes = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pipes)
"""

PROCESSES = (
    IMPORT
    + """
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
)

# like Odoo's gevent process: it writes a line while the pipe is locked or full, and another
# greenlet prints how long it had to wait
GREENLETS = (
    """
from gevent import monkey
monkey.patch_all()
"""
    + IMPORT
    + """
import fcntl, time
import gevent

logger = logging.Logger("lines")
handler = logging.StreamHandler()
logger.addHandler(handler)
pipes.keep_lines_whole(handler)
longest = 0.0

def tick():
    global longest
    while True:
        began = time.monotonic()
        gevent.sleep(0.01)
        longest = max(longest, time.monotonic() - began)

def hold():
    other = os.open("/proc/self/fd/2", os.O_WRONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    monkey.get_original("time", "sleep")(1)
    os.close(other)

gevent.spawn(tick)
if sys.argv[2] == "locked":
    gevent.get_hub().threadpool.spawn(hold)
    gevent.sleep(0.2)
writers = [gevent.spawn(logger.info, "%s", json.dumps([n, "stack" * 40000])) for n in range(3)]
writers.append(gevent.spawn(logger.info, "%s", json.dumps([3, "short"])))
gevent.joinall(writers, raise_error=True)
gevent.sleep(0.1)
print(json.dumps([len(writers), longest]), flush=True)
"""
)


@tagged("-at_install", "post_install")
class TestPipes(BaseCase):
    def written(self, program, way, pause=0):
        """Run a program that writes into a pipe; return what a slow reader gets, and its end."""
        module = os.path.join(os.path.dirname(os.path.dirname(__file__)), "pipes.py")
        with subprocess.Popen(
            [sys.executable, "-c", program, module, way],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as writer:
            time.sleep(pause)
            text = b""
            while part := os.read(writer.stderr.fileno(), 3000):
                text += part
            output = writer.stdout.read()
            self.assertEqual(writer.wait(60), 0)
        return text.splitlines(), output

    def test_lines_of_many_processes_stay_whole_in_a_pipe(self):
        lines = [json.loads(line) for line in self.written(PROCESSES, "whole")[0]]
        self.assertEqual(
            sorted((process, number) for process, number, _text in lines),
            [(process, number) for process in range(6) for number in range(60)],
        )

    def test_without_it_they_are_mixed(self):
        broken = 0
        for line in self.written(PROCESSES, "as they come")[0]:
            try:
                json.loads(line)
            except ValueError:
                broken += 1
        self.assertGreater(broken, 0)

    def test_under_gevent_nobody_else_waits_for_the_pipe(self):
        # a reader that begins late finds the pipe full
        for way, pause in (("locked", 0), ("full", 2)):
            lines, output = self.written(GREENLETS, way, pause)
            self.assertEqual(sorted(json.loads(line)[0] for line in lines), [0, 1, 2, 3], way)
            count, longest = json.loads(output)
            self.assertEqual(count, len(lines))
            self.assertLess(longest, 0.5, way)
