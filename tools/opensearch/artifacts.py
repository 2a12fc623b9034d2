"""What a server is made of, as Maven coordinates, and `mvn` that brings it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

VERSION = "3.4.0"
PLUGIN_VERSION = f"{VERSION}.0"

_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


@dataclass(frozen=True)
class Artifact:
    """`alone` leaves out what it depends on."""

    group: str
    name: str
    version: str
    kind: str = "jar"
    alone: bool = False

    def xml(self) -> str:
        parts = [("groupId", self.group), ("artifactId", self.name), ("version", self.version), ("type", self.kind)]
        inner = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in parts)
        if self.alone:
            inner += "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"
        return f"<dependency>{inner}</dependency>"


@dataclass(frozen=True)
class Module:
    """A module of the server: its artifact, the class that the server loads, the module whose classes it sees."""

    artifact: str
    plugin_class: str
    extends: str = ""


SERVER = [
    Artifact("org.opensearch", "opensearch", VERSION),
    Artifact("org.opensearch", "opensearch-plugin-classloader", VERSION),
    # The server's start refers to them, whether or not the agent that they serve is there.
    Artifact("org.opensearch", "opensearch-agent-bootstrap", VERSION),
    Artifact("org.opensearch", "opensearch-agent-policy", VERSION),
    # Optional in the server's own POM, and part of every distribution.
    Artifact("org.apache.logging.log4j", "log4j-core", "2.21.0"),
    Artifact("org.locationtech.spatial4j", "spatial4j", "0.7", alone=True),
    Artifact("org.locationtech.jts", "jts-core", "1.15.0", alone=True),
]

MODULES = {
    "aggs-matrix-stats": Module(
        "aggs-matrix-stats-client", "org.opensearch.search.aggregations.matrix.MatrixAggregationModulePlugin"
    ),
    "analysis-common": Module(
        "analysis-common", "org.opensearch.analysis.common.CommonAnalysisModulePlugin", "lang-painless"
    ),
    "geo": Module("geo", "org.opensearch.geo.GeoModulePlugin"),
    "ingest-common": Module("ingest-common", "org.opensearch.ingest.common.IngestCommonModulePlugin", "lang-painless"),
    "ingest-user-agent": Module("ingest-user-agent", "org.opensearch.ingest.useragent.IngestUserAgentModulePlugin"),
    "lang-expression": Module("lang-expression", "org.opensearch.script.expression.ExpressionModulePlugin"),
    "lang-mustache": Module("lang-mustache-client", "org.opensearch.script.mustache.MustacheModulePlugin"),
    "lang-painless": Module("lang-painless", "org.opensearch.painless.PainlessModulePlugin"),
    "mapper-extras": Module("mapper-extras-client", "org.opensearch.index.mapper.MapperExtrasModulePlugin"),
    "parent-join": Module("parent-join-client", "org.opensearch.join.ParentJoinModulePlugin"),
    "percolator": Module("percolator-client", "org.opensearch.percolator.PercolatorModulePlugin"),
    "rank-eval": Module("rank-eval-client", "org.opensearch.index.rankeval.RankEvalModulePlugin"),
    "reindex": Module("reindex-client", "org.opensearch.index.reindex.ReindexModulePlugin"),
    "repository-url": Module("repository-url", "org.opensearch.plugin.repository.url.URLRepositoryModulePlugin"),
    "transport-netty4": Module("transport-netty4-client", "org.opensearch.transport.Netty4ModulePlugin"),
}

PLUGINS = ["opensearch-job-scheduler", "opensearch-knn"]

LENT_TO_PLUGINS = {
    # k-NN takes these from the module transport-grpc, which is not published.
    "opensearch-knn": [
        Artifact("com.google.guava", "guava", "33.2.1-jre", alone=True),
        Artifact("com.google.guava", "failureaccess", "1.0.2", alone=True),
        Artifact("org.opensearch", "protobufs", "1.3.0", alone=True),
    ],
    # The security plugin takes this one from autotagging-commons, which is not published either.
    "opensearch-security": [Artifact("org.apache.commons", "commons-collections4", "4.5.0", alone=True)],
}
"""Libraries that a plugin expects of modules which are missing here."""


def wanted(plugins: Sequence[str]) -> Mapping[str, Sequence[Artifact]]:
    """Folder → what is to be put there."""
    return {
        "lib": SERVER,
        **{
            f"module-{name}": [Artifact("org.opensearch.plugin", module.artifact, VERSION)]
            for name, module in MODULES.items()
        },
        **{
            f"plugin-{name}": [Artifact("org.opensearch.plugin", name, PLUGIN_VERSION, kind="zip", alone=True)]
            for name in plugins
        },
        **{f"lent-{name}": lent for name, lent in LENT_TO_PLUGINS.items() if name in plugins},
    }


def fetch(folders: Mapping[str, Sequence[Artifact]], into: Path) -> None:
    """Each folder's files, in `files_of(folder, into)`. Where they come from is for this machine's Maven to know.

    Raises SystemExit.
    """
    mvn = shutil.which("mvn")
    if mvn is None:
        raise SystemExit("Maven's command mvn is needed to fetch OpenSearch. Install Maven (`apt install maven`, ...).")
    for folder, artifacts in folders.items():
        (into / folder).mkdir(parents=True)
        (into / folder / "pom.xml").write_text(_pom(folder, artifacts), encoding="utf-8")
    (into / "pom.xml").write_text(_parent(folders), encoding="utf-8")
    # A reactor: one run of mvn for all folders, each with its own resolution of versions.
    command = [mvn, "--batch-mode", "--quiet", _COPY, "-DincludeScope=runtime"]
    done = subprocess.run(command, cwd=into, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"mvn could not fetch OpenSearch {VERSION}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")


def files_of(folder: str, fetched: Path) -> list[Path]:
    return sorted((fetched / folder / "target" / "dependency").iterdir())


def _project(name: str, inner: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<project><modelVersion>4.0.0</modelVersion>'
        f"<groupId>ragstone.opensearch</groupId><artifactId>{name}</artifactId><version>1</version>"
        f"<packaging>pom</packaging>{inner}</project>\n"
    )


def _parent(folders: Mapping[str, Sequence[Artifact]]) -> str:
    return _project("all", f"<modules>{''.join(f'<module>{folder}</module>' for folder in folders)}</modules>")


def _pom(folder: str, artifacts: Sequence[Artifact]) -> str:
    return _project(folder, f"<dependencies>{''.join(artifact.xml() for artifact in artifacts)}</dependencies>")
