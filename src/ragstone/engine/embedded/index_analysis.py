"""Which analyzer an `_analyze` request means: one of an index, of one of its fields, or of those everybody has."""

from __future__ import annotations

from dataclasses import replace

from ragstone.core.errors import IllegalArgumentException
from ragstone.dsl.analyze import AnalyzeRequest
from ragstone.engine.embedded.analysis.analyze import analyze, in_parts
from ragstone.engine.embedded.analysis.analyzer import Analyzer
from ragstone.engine.embedded.analysis.registry import Analyzers
from ragstone.engine.embedded.mapper.keyword import KeywordField
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.mapper.settings import IndexSettings
from ragstone.engine.embedded.mapper.text import AnalyzedField, TextField
from ragstone.engine.values import Analysis

_EVERYBODYS = Analyzers({})
_LIMIT = "index.analyze.max_token_count"


def analyze_without_index(request: AnalyzeRequest) -> Analysis:
    """As `AnalysisEngine.analyze`."""
    limit = IndexSettings({}).number(_LIMIT)
    if request.in_parts:
        return analyze(request, in_parts(request, _EVERYBODYS, index=False), gap=_gap_of_parts(request), limit=limit)
    if request.field is not None and request.analyzer is None:
        raise IllegalArgumentException("analysis based on a specific field requires an index")
    analyzer = _EVERYBODYS.get(request.analyzer or "standard")
    if analyzer is None:
        raise IllegalArgumentException(f"failed to find global analyzer [{request.analyzer}]")
    return analyze(request, analyzer, gap=0, limit=limit)


def _gap_of_parts(request: AnalyzeRequest) -> int:
    """As recorded: `explain` has the texts follow on."""
    return 0 if request.explain else 100


def analyze_in_index(request: AnalyzeRequest, mapper: Mapper, settings: IndexSettings) -> Analysis:
    """As `AnalysisEngine.analyze`; `settings` are those of now."""
    analyzer, gap = chosen(request, mapper)
    return analyze(request, analyzer, gap=gap, limit=settings.number(_LIMIT))


def chosen(request: AnalyzeRequest, mapper: Mapper) -> tuple[Analyzer, int]:
    """The analyzer, and the positions it leaves between texts. Raises IllegalArgumentException."""
    analyzers = mapper.context.analyzers
    found: Analyzer | None
    if request.in_parts:
        return in_parts(request, analyzers, index=True), _gap_of_parts(request)
    if request.analyzer is not None:
        found = analyzers.get(request.analyzer)
        if found is None:
            raise IllegalArgumentException(f"failed to find analyzer [{request.analyzer}]")
    elif request.normalizer is not None:
        found = analyzers.normalizing(request.normalizer)
        if found is None:
            raise IllegalArgumentException(f"failed to find normalizer under [{request.normalizer}]")
    else:
        found = replace(analyzers.required("default"), name="default")
        field = mapper.field(request.field) if request.field is not None else None
        if isinstance(field, AnalyzedField):
            found = field.analyzer if "analyzer" in field.options else found
            gap = field.position_increment_gap if isinstance(field, TextField) else found.position_increment_gap
            return found, gap
        if isinstance(field, KeywordField):
            normalizer = field.option("normalizer")
            if normalizer is None:
                return replace(analyzers.required("keyword"), name="_keyword"), 0
            found = analyzers.normalizing(normalizer)
            assert found is not None, "the mapping was checked"
        elif field is not None:
            raise IllegalArgumentException(
                f"Can't process field [{request.field}], Analysis requests are only supported on tokenized fields"
            )
    return found, found.position_increment_gap
