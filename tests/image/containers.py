"""One container under test, spoken to through the docker client; who starts one removes it."""

import subprocess
import sys
import threading
from dataclasses import dataclass

HEALTHY_SECONDS = 60


def docker(*args: str, given: str | None = None) -> str:
    """What a docker command prints when it is given this to read; fails with what it complains of."""
    done = subprocess.run(["docker", *args], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(args)}: {done.stderr}"
    return done.stdout.strip()


def image_fact(image: str, template: str) -> str:
    """One fact of an image, by a Go template."""
    return docker("image", "inspect", "--format", template, image)


def figure(text: str) -> None:
    """A measured figure for the log of the run."""
    sys.stdout.write(f"\n  {text}\n")


@dataclass(frozen=True)
class Container:
    """One running container."""

    id: str

    def wait_until_healthy(self) -> None:
        """Return at the engine's own event; fails with the container's log when it does not come."""
        started = self.inspect("{{.State.StartedAt}}")
        ends = ("health_status", "die")
        command = ["docker", "events", "--since", started, "--format", "{{.Status}}"]
        command += ["--filter", f"container={self.id}"]
        command += [word for end in ends for word in ("--filter", f"event={end}")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as events:
            limit = threading.Timer(HEALTHY_SECONDS, events.kill)
            limit.start()
            assert events.stdout is not None
            status = next((line.strip() for line in events.stdout if line.startswith(ends)), "")
            limit.cancel()
            events.kill()
        assert status == "health_status: healthy", f"{status or 'no health status'}:\n{self.logs()}"

    def inspect(self, template: str) -> str:
        """One fact of the container, by a Go template."""
        return docker("inspect", "--format", template, self.id)

    def url(self) -> str:
        """Where this machine reaches it."""
        return f"http://{docker('port', self.id, '9110/tcp').splitlines()[0]}/openai/v1"

    def execute(self, *command: str) -> str:
        """What a command prints inside."""
        return docker("exec", self.id, *command)

    def logs(self) -> str:
        """Both of its outputs."""
        done = subprocess.run(["docker", "logs", self.id], capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    def stop(self) -> int:
        """SIGTERM, and after 30 seconds SIGKILL; its exit status."""
        docker("stop", "--time", "30", self.id)
        return int(self.inspect("{{.State.ExitCode}}"))
