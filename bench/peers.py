"""Who is measured, how each is made ready, and how it is called. A peer that cannot be had says why."""
import os
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEERS = os.path.join(ROOT, "bench", "peers")


class Skipped(Exception):
    """Why a peer, or a part, is not there."""


def need(program):
    if not shutil.which(program):
        raise Skipped(f"no {program}")


def make(what, command, log, cwd=None):
    """Run a build; its output is in a log."""
    with open(log, "w") as f:
        if subprocess.call(command, stdout=f, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=cwd) != 0:
            raise Skipped(f"{what} failed ({os.path.relpath(log, ROOT)})")


def copy(folder, peer):
    """A peer's sources in the build folder: what a package manager writes beside them is not ours."""
    to = os.path.join(folder, "peers", peer)
    shutil.copytree(os.path.join(PEERS, peer), to, dirs_exist_ok=True)
    return to


class Peer:
    """name, label; judges: it prints {"rows":N,"invalid":M}; gives_up: shapes that it cannot read."""

    name = label = ""
    judges = True
    gives_up = ()
    s3_ends = False
    note = ""

    def __init__(self, folder):
        self.folder = folder

    def ready(self):
        """Make it ready, or raise Skipped."""

    def ready_s3(self):
        """The same for its way from S3 to S3."""
        if not self.s3_ends:
            raise Skipped("it has no S3 ends")

    def files(self, source, sink, schema):
        raise NotImplementedError

    def objects(self, bucket, key, out_key, schema):
        return self.files(f"s3://{bucket}/{key}", f"s3://{bucket}/{out_key}", schema)


class Weir(Peer):
    name, label, s3_ends = "weir", "weir", True
    threads = 1

    def __init__(self, folder):
        super().__init__(folder)
        self.program = os.path.join(os.path.dirname(folder), "weir")

    def files(self, source, sink, schema):
        return [self.program, "validate", source, "-o", sink, "-s", schema, "-q", "--json", "-j", str(self.threads)]


class Rust(Peer):
    name, label = "rust", "Rust: csv, serde_json, jsonschema, zlib-ng 2"

    def __init__(self, folder):
        super().__init__(folder)
        self.target = os.environ.get("CARGO_TARGET_DIR") or os.path.join(folder, "peers", "rust-target")

    def build(self, *features):
        need("cargo")
        to = copy(self.folder, "rust-validate")
        command = ["cargo", "build", "--locked", "--release", "--target-dir", self.target, *features]
        make(" ".join(command[:2]), command, os.path.join(self.folder, "cargo.log"), to)

    def ready(self):
        self.build()

    def ready_s3(self):
        self.build("--features", "s3")

    def files(self, source, sink, schema):
        return [os.path.join(self.target, "release", "validate"), source, sink, schema]

    def objects(self, bucket, key, out_key, schema):
        return [os.path.join(self.target, "release", "validate-s3"), bucket, key, out_key, schema]


class Go(Peer):
    name, label = "go", "Go: encoding/csv, goccy/go-json, jsonschema, klauspost gzip 1"

    def ready(self):
        need("go")
        to = copy(self.folder, "go-validate")
        self.program = os.path.join(to, "validate")
        make("go build", ["go", "build", "-o", self.program, "."], os.path.join(self.folder, "go.log"), to)

    def files(self, source, sink, schema):
        return [self.program, source, sink, schema]


class Node(Peer):
    name, label, s3_ends = "node", "Node done well: csv-parse, ajv, csv-stringify, gzip 1", True
    script = "validate.mjs"

    def ready(self):
        script = 'root=$1; source "$root/bench/node_ready.sh"; node_ready "$2"'
        if subprocess.call(["bash", "-c", script, "bash", ROOT, self.folder]) != 0:
            raise Skipped(open(os.path.join(self.folder, "node.skipped")).read().strip())

    def ready_s3(self):
        self.ready()

    def files(self, source, sink, schema):
        return ["node", os.path.join(self.folder, "peers", "node", self.script), source, sink, schema]


class NodeReference(Node):
    name, label = "node-reference", "Node as written: json-schema, gzip flushed per row"
    script, judges = "reference.mjs", False
    gives_up = ("invalid",)  # one ragged row
    note = "looks into no row"


class DuckDB(Peer):
    name, label, judges = "duckdb", "DuckDB: reads and writes", False
    gives_up = ("invalid",)  # ragged rows, or quotes out of place: an error
    note = "validates nothing"

    def ready(self):
        python = shutil.which("python3")
        if shutil.which("duckdb"):
            self.run = ["duckdb", "-c"]
        elif python and subprocess.call([python, "-c", "import duckdb"], stderr=subprocess.DEVNULL) == 0:
            self.run = [python, "-c", "import duckdb, sys; duckdb.sql(sys.argv[1])"]
        else:
            raise Skipped("no duckdb")

    def files(self, source, sink, schema):
        return [*self.run, f"SET threads = 1; COPY (SELECT *, 'true' AS valid, '' AS errors FROM read_csv('{source}', header = true, "
                f"all_varchar = true)) TO '{sink}' (FORMAT csv, COMPRESSION gzip)"]


class Qsv(Peer):
    name, label, judges = "qsv", "qsv validate: no output, no gzip, no JSON cells", False
    gives_up = ("seed", "var", "invalid")  # JSON in cells
    note = "writes nothing"

    def ready(self):
        need("qsv")

    def files(self, source, sink, schema):
        return ["qsv", "validate", "--jobs", "1", "--valid-output", os.devnull, source, schema]


ALL = (Weir, Rust, Go, Node, NodeReference, DuckDB, Qsv)


def chosen(names, folder):
    known = {p.name: p for p in ALL}
    return [known[name](folder) for name in names]
