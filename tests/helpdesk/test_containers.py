"""docker-compose.yml and the Dockerfile start the processes that `manage.py up` starts, and nothing else."""

from __future__ import annotations

import http.client
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from helpdesk import queueing
from helpdesk.runtime import commands, probe
from helpdesk.runtime.redis import free_port

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = commands.apart()
# Where it is demanded it is not left out.
needs_caddy = pytest.mark.skipif(
    not (shutil.which("caddy") or os.environ.get("HELPDESK_REQUIRE_CADDY")), reason="no Caddy here"
)


def portable(command: list[Any]) -> list[str]:
    """Our own command as a container says it: `python` on its PATH, paths from /app."""
    return ["python" if part == sys.executable else str(part).removeprefix(f"{ROOT}/") for part in map(str, command)]


def test_every_process_of_ours_has_a_service_and_no_other_runs_our_image() -> None:
    assert {name for name, service in SERVICES.items() if service.get("build")} == {*OURS, "backup"}
    assert set(SERVICES) - set(OURS) == {"postgres", "redis", "cache", "proxy", "backup"}


@pytest.mark.parametrize("name", OURS)
def test_the_command_is_the_launchers(name: str) -> None:
    assert SERVICES[name]["command"] == portable(list(OURS[name].command))
    environment = SERVICES[name]["environment"]
    assert {key: environment.get(key) for key in OURS[name].environment} == OURS[name].environment


@pytest.mark.parametrize("name", OURS)
def test_what_the_command_names_exists(name: str) -> None:
    _python, *rest = SERVICES[name]["command"]
    if rest[0] == "-m":
        assert find_spec(rest[1])
    else:
        assert rest[0] == "manage.py"
        assert rest[1] in get_commands()


@pytest.mark.parametrize("name", [name for name in OURS if name != "migrate"])
def test_health_is_probed_by_something_that_exists(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "python", "-m", "helpdesk.runtime.probe", name]
    assert name in probe.PROBES
    assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("name", OURS)
def test_ours_run_with_little_power(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True  # orphans of a killed worker are reaped
    assert "user" not in service  # the image's own, see below


def test_the_image_is_not_root_and_holds_no_secret() -> None:
    users = re.findall(r"^USER (.+)$", DOCKERFILE, re.M)
    assert users
    assert users[-1] == "10001:10001"
    assert DOCKERFILE.index("USER 10001") < DOCKERFILE.index("CMD [")
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".venv", "node_modules", "var", "secrets", ".env"} <= set(ignored)


def test_the_image_installs_the_hashed_lock_and_its_default_is_the_web_process() -> None:
    assert "--require-hashes -r requirements/$name.txt" in DOCKERFILE
    assert "for name in base $EXTRAS" in DOCKERFILE
    (default,) = re.findall(r"^CMD (\[.+\])$", DOCKERFILE, re.M)
    assert yaml.safe_load(default) == portable(list(commands.web().command))


def test_a_stop_waits_as_long_as_our_own_launcher() -> None:
    for name in ("web", "live", "worker", "bulk", "mail"):
        assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) >= OURS[name].stop_after


def test_secrets_come_by_file_and_are_all_made(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "make_secrets.sh"
    script.write_text((ROOT / "scripts" / "make_secrets.sh").read_text())
    subprocess.run(["sh", script], check=True, capture_output=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"secrets/{name}"}
        assert made[name].strip() or name.startswith("s3_")
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert len(made["secret_key"]) >= 50
    subprocess.run(["sh", script], check=True, capture_output=True)
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == made
    using = [ROOT / "docker-compose.yml", ROOT / "scripts" / "make_role.sh"]
    named = [name for path in using for name in re.findall(r"/run/secrets/(\w+)", path.read_text())]
    # The owner of the tables is another role only where somebody made its password (docs/operations.md).
    assert set(named) - {"owner_password"} == set(COMPOSE["secrets"])
    inline = [value for service in SERVICES.values() for key, value in service.get("environment", {}).items()
              if re.search(r"PASSWORD|SECRET|TOKEN|_URL$", key) and not key.endswith("_FILE")]  # fmt: skip
    # Ours, the backup and the proxy: an address, not a secret.
    assert inline == [SERVICES["web"]["environment"]["HELPDESK_BASE_URL"]] * (len(OURS) + 2)


def test_the_queue_never_evicts_and_the_cache_is_another_redis() -> None:
    queue, cache = (" ".join(SERVICES[name]["command"]) for name in ("redis", "cache"))
    assert "--appendonly yes --appendfsync everysec" in queue
    assert queue.endswith("--maxmemory-policy noeviction")
    assert cache.endswith("--maxmemory-policy allkeys-lru")
    assert "redis:/data" in SERVICES["redis"]["volumes"]


def test_postgresql_is_durable() -> None:
    said = " ".join(SERVICES["postgres"]["command"])
    assert not re.search(r"fsync|synchronous_commit|full_page_writes", said)
    assert "--data-checksums" in SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]
    assert SERVICES["postgres"]["volumes"][0].startswith("postgres:/var/lib/postgresql")


def test_only_loopback_is_published_unless_said_otherwise() -> None:
    assert SERVICES["web"]["ports"] == ["127.0.0.1:8000:8000"]
    assert SERVICES["mail"]["ports"] == ["${HELPDESK_SMTP_PUBLISH:-127.0.0.1:8025}:8025"]
    # The proxy is what the internet may see.
    assert SERVICES["proxy"]["ports"] == ["80:80", "443:443"]
    assert SERVICES["live"]["ports"] == ["127.0.0.1:8001:8000"]
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["web", "live", "mail", "proxy"]


def test_servers_of_data_reach_nobody_and_the_proxy_does_not_reach_them() -> None:
    where = {name: set(service["networks"]) for name, service in SERVICES.items()}
    assert COMPOSE["networks"]["store"] == {"internal": True}
    assert {name for name, networks in where.items() if networks == {"store"}} == {"postgres", "redis", "cache"}
    assert where["proxy"] == {"front"}
    assert {name for name, networks in where.items() if "front" in networks} == {"proxy", "web", "live"}


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_fills_the_disk_with_a_log_or_keeps_every_capability(name: str) -> None:
    assert SERVICES[name]["logging"]["options"] == {"max-size": "20m", "max-file": "5"}
    assert SERVICES[name]["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_may_take_the_whole_machine_or_write_into_their_image(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["pids_limit"] <= 256
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name in ("migrate", "backup") or service["healthcheck"]["test"]


def test_the_workers_heap_fits_its_limit() -> None:
    """A child may grow to 400 MB before it is replaced; two of them and the parent must not meet the OOM killer."""
    assert queueing.worker_max_memory_per_child == 400_000
    for name, children in (("worker", 2), ("bulk", 1)):
        limit = int(SERVICES[name]["mem_limit"].removesuffix("m"))
        assert limit >= 200 + 400 * children


def test_volumes_and_files_that_are_mounted_are_there() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"], name


def test_backups_lie_apart_from_what_they_protect() -> None:
    backup = SERVICES["backup"]
    assert backup["profiles"] == ["tools"]
    assert backup["command"][:3] == ["python", "manage.py", "backup"]
    assert backup["command"][3:] == ["/backups", "--verify", "--keep", "14"]
    assert "backups:/backups" in backup["volumes"]
    # initdb of the scratch server refuses a user without a name.
    assert "useradd -u 10001" in DOCKERFILE


@needs_caddy
def test_the_proxy_understands_its_file() -> None:
    done = subprocess.run(
        ["caddy", "validate", "--adapter", "caddyfile", "--config", ROOT / "deploy" / "Caddyfile"],
        env={"HELPDESK_BASE_URL": "https://help.example.com", "PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


class Named(http.server.BaseHTTPRequestHandler):
    """Answers with its own name."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-Secret-Of-Ours", "canary-in-an-answers-header")
        self.end_headers()
        self.wfile.write(str(self.server.name).encode())  # type: ignore[attr-defined]  # set below

    def log_message(self, *_words: object) -> None:
        """Nothing: the proxy's log is what is read."""


@contextmanager
def answering(name: str) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Named)
    server.name = name  # type: ignore[attr-defined]  # for Named
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()


@contextmanager
def proxying(folder: Path) -> Iterator[int]:
    """A real Caddy with our file, but for TLS and for where the processes are."""
    file, port = (ROOT / "deploy" / "Caddyfile").read_text(), free_port()
    with answering("web") as web, answering("live") as live:
        for name, at in (("web", web), ("live", live)):
            file = re.sub(rf"dynamic a {{\s+name {name}[^}}]+}}", f"to 127.0.0.1:{at}", file)
        (folder / "Caddyfile").write_text("{\n\tadmin off\n}\n" + file)
        caddy = subprocess.Popen(
            ["caddy", "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"],
            env={"HELPDESK_BASE_URL": f"http://127.0.0.1:{port}", "PATH": os.environ["PATH"], "HOME": str(folder)},
            stdout=(folder / "log").open("w"), stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            patience = time.monotonic() + 60
            while ask(port, "/healthz") is None and time.monotonic() < patience:
                time.sleep(0.05)
            yield port
        finally:
            caddy.terminate()
            caddy.wait(20)


def ask(port: int, path: str) -> tuple[int, str] | None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        line.request("GET", path, headers={"X-Chat-Pass": "canary-in-a-header"})
        answer = line.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return None
    finally:
        line.close()


@needs_caddy
def test_the_proxy_leads_to_two_processes_and_writes_down_nothing_that_opens(tmp_path: Path) -> None:
    """Row 52: what opens an invitation, a survey or a file is in no log, nor is a visitor's pass."""
    secret = "canary0PaSs-word_of.somebody"
    with proxying(tmp_path) as port:
        for path in ("/hooks/mail/abc/", "/ws/agent/", "/widget/shop/sync/"):
            assert ask(port, path) == (200, "live"), path
        for path in ("/", "/inbox/open/", "/widget.js", f"/invitation/{secret}/", f"/survey/{secret}/?x={secret}"):
            assert ask(port, path) == (200, "web"), path
        assert ask(port, f"/hooks/file/?proof={secret[:9]}") == (200, "live")
        assert [ask(port, path) for path in ("/metrics", "/readyz")] == [(404, "")] * 2
    log = (tmp_path / "log").read_text()
    assert '"/inbox/open/"' in log
    assert '"/survey/..."' in log or '"/survey/.../..."' in log
    assert "canary" not in log


MANIFESTS = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yml").read_text()))
PODS = {one["metadata"]["name"]: one["spec"] for one in MANIFESTS if one["kind"] == "Deployment"}


@pytest.mark.parametrize("name", [name for name in OURS if name != "migrate"])
def test_pods_run_the_launchers_commands_with_little_power(name: str) -> None:
    pod = PODS[name]["template"]["spec"]
    [container] = pod["containers"]
    assert container["command"] == portable(list(OURS[name].command))
    environment = {one["name"]: one["value"] for one in container["env"]}
    assert {key: environment.get(key) for key in OURS[name].environment} == OURS[name].environment
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert container["livenessProbe"]["exec"]["command"] == ["python", "-m", "helpdesk.runtime.probe", name]
    assert container["resources"]["limits"]["memory"]
    assert pod["terminationGracePeriodSeconds"] >= OURS[name].stop_after
    mounted, volumes = ({one["name"] for one in where} for where in (container["volumeMounts"], pod["volumes"]))
    assert mounted == volumes


def test_pods_are_found_by_their_services_and_a_second_beat_stands_by() -> None:
    assert set(PODS) | {"migrate"} == set(OURS)
    assert PODS["beat"]["replicas"] == 2
    for one in MANIFESTS:
        if one["kind"] == "Service":
            name = one["metadata"]["name"]
            assert name == "nowhere" or one["spec"]["selector"] == PODS[name]["selector"]["matchLabels"]
    [given] = [one["data"] for one in MANIFESTS if one["kind"] == "ConfigMap"]
    files = {value.removeprefix("/run/secrets/") for key, value in given.items() if key.endswith("_FILE")}
    assert files <= set(COMPOSE["secrets"])
    assert not any("PASSWORD" in key or ("://" in str(value) and "@" in str(value)) for key, value in given.items())


def test_pods_are_reached_by_their_purpose_only_and_the_outside_does_not_see_what_is_wrong_inside() -> None:
    kinds = {(one["kind"], one["metadata"]["name"]): one["spec"] for one in MANIFESTS if "spec" in one}
    [rule] = kinds["Ingress", "helpdesk"]["rules"]
    led = {one["path"]: one["backend"]["service"]["name"] for one in rule["http"]["paths"]}
    assert led == {"/": "web", "/hooks": "live", "/ws": "live", "/widget": "live", "/metrics": "nowhere",
                   "/readyz": "nowhere"}  # fmt: skip
    assert kinds["NetworkPolicy", "helpdesk"]["podSelector"] == {"matchLabels": {"app": "helpdesk"}}
    for name in ("web", "live", "worker", "mail"):
        assert kinds["PodDisruptionBudget", name]["selector"] == kinds["Deployment", name]["selector"]
    job = kinds["CronJob", "backup"]["jobTemplate"]["spec"]["template"]["spec"]
    assert job["containers"][0]["command"] == SERVICES["backup"]["command"]
    assert {one["name"] for one in job["volumes"]} == {one["name"] for one in job["containers"][0]["volumeMounts"]}


def _environments() -> Iterator[tuple[str, dict[str, Any]]]:
    """What each process of ours is given, here and on Kubernetes."""
    for name in OURS:
        yield f"compose {name}", SERVICES[name]["environment"]
    [common] = [one["data"] for one in MANIFESTS if one["kind"] == "ConfigMap"]
    for name, spec in PODS.items():
        [container] = spec["template"]["spec"]["containers"]
        yield f"pod {name}", common | {one["name"]: one["value"] for one in container["env"]}


def test_every_setting_that_is_given_is_read_by_somebody() -> None:
    """A name with a slip of the pen is an error nobody tells: what was meant keeps its default."""
    ours = "".join(path.read_text() for path in (ROOT / "helpdesk").rglob("*.py"))
    read = set(re.findall(r"\b(?:HELPDESK|DATABASE|REDIS|CACHE|EMAIL)_[A-Z0-9_]+\b", ours)) | {"REMAP_SIGTERM"}
    for where, given in _environments():
        assert {name.removesuffix("_FILE") for name in given} <= read, where


def test_everybody_listens_where_they_are_looked_for() -> None:
    """The port a process is told is the one that is published, that its pod and service name, and where others ask."""
    given = dict(_environments())
    services = {one["metadata"]["name"]: one["spec"]["ports"] for one in MANIFESTS if one["kind"] == "Service"}
    for name, setting in (("web", "HTTP"), ("live", "HTTP"), ("mail", "SMTP")):
        [container] = PODS[name]["template"]["spec"]["containers"]
        told = {given[f"{kind} {name}"][f"HELPDESK_{setting}_PORT"] for kind in ("compose", "pod")}
        assert told == {SERVICES[name]["ports"][0].rpartition(":")[2]}, name
        port = int(told.pop())
        assert container["ports"] == [{"containerPort": port}]
        assert services[name] == [{"port": port, "targetPort": port}]
    for kind in ("compose", "pod"):
        for name in ("web", "live"):
            assert given[f"{kind} {name}"]["HELPDESK_SMTP_HOST"] in {*SERVICES, *services}
            # They are not told the listener's port, so it must be the one they take for granted.
            assert "HELPDESK_SMTP_PORT" not in given[f"{kind} {name}"]
        assert given[f"{kind} mail"]["HELPDESK_SMTP_PORT"] == str(settings.SMTP_PORT)
