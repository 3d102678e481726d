"""``dev/run [stop|clean]``: the suite on two front-ends behind nginx, ready to log in."""

from ..console import DevError, say
from ..instance import Instance
from ..stack import Stack, check_state_directory

NAME = "demo"


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["stop"], ["clean"]):
        raise DevError("usage: dev/run [stop|clean]")
    stack = Stack()
    check_state_directory(stack.state)
    with stack.lock():
        instance = Instance(stack, NAME)
        if arguments == ["stop"]:
            instance.stop()
            stack.stop()
            say("Stopped; 'dev/run' resumes, 'dev/run clean' removes everything")
        elif arguments == ["clean"]:
            instance.stop()
            stack.clean()
            say(f"Removed {stack.state}")
        else:
            stack.install()
            stack.start()
            instance.prepare()
            instance.start()
            show(instance)
    return 0


def show(instance: Instance) -> None:
    bucket, endpoint = instance.variables["AWS_BUCKETNAME"], instance.stack.seaweedfs.endpoint
    nodes = "\n".join(f"              {node.log}" for node in instance.nodes)
    print(
        f"\n  Odoo        {instance.nginx.url}   (login admin, password admin)"
        f"\n  files       bucket {bucket} at {endpoint}"
        f"\n  sessions    Redis at 127.0.0.1:{instance.stack.redis.port}"
        f"\n  logs        {instance.nginx.directory / 'access.log'}\n{nodes}"
        "\n  stop        dev/run stop      (resume: dev/run, remove: dev/run clean)\n",
        flush=True,
    )
