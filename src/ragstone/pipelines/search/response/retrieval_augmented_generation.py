"""`retrieval_augmented_generation`: an answer beside the hits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import OpenSearchException, OpenSearchTimeoutException
from ragstone.core.xcontent import java_type
from ragstone.dsl.search_body import SearchBody
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import (
    PipelineContext,
    ProcessorServices,
    SearchResponse,
    response_processors,
)
from ragstone.pipelines.search.rag_feature import require_rag
from ragstone.rag.generative_qa import GenerativeQA, GenerativeQAConfig
from ragstone.rag.parameters import GenerativeQAParameters, ParameterException

TYPE = "retrieval_augmented_generation"
_PARAMETERS = "generative_qa_parameters"
_FIELDS = "context_field_list"


@response_processors.register(TYPE)
@dataclass(frozen=True)
class RetrievalAugmentedGeneration:
    """Hands hits and parameters to GenerativeQA, and puts what it says into `ext`.

    `Differs:` `ignore_failure` holds for every failure but the switched-off feature. Where OpenSearch would fail the
    search all the same, and on a timeout, `ext` tells why there is no answer.
    """

    config: GenerativeQAConfig
    qa: GenerativeQA
    settings: ClusterSettings
    fault: OpenSearchException | None
    """A member of `context_field_list` that is no text: stored as OpenSearch does, and told when a search comes by."""

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        require_rag(services.cluster_settings)
        model_id = config.string("model_id")
        fields = config.filled_list(_FIELDS)
        wrong = [java_type(member) for member in fields if not isinstance(member, str)]
        fault = config.fault(f"property isn't a list of strings, but has a [{wrong[0]}]", _FIELDS) if wrong else None
        answers = GenerativeQAConfig(
            model_id=model_id,
            llm_model=config.optional_string("llm_model"),
            context_fields=tuple(field for field in fields if isinstance(field, str)),
            system_prompt=config.optional_string("system_prompt"),
            user_instructions=config.optional_string("user_instructions"),
        )
        return cls(answers, services.generative_qa, services.cluster_settings, fault)

    async def process_response(
        self, body: SearchBody, response: SearchResponse, context: PipelineContext
    ) -> SearchResponse:
        require_rag(self.settings)
        if self.fault is not None:
            raise self.fault
        parameters = body.ext.get(_PARAMETERS)
        if not isinstance(parameters, GenerativeQAParameters):
            raise ParameterException(
                f"{_PARAMETERS} not found. Please provide ext.{_PARAMETERS} to proceed. For more info, refer: "
                "https://opensearch.org/docs/latest/search-plugins/conversational-search/#step-6-use-the-pipeline-for-rag"
            )
        answer = await self.qa.answer(self.config, parameters, response.hits)
        response.ext[TYPE] = answer.to_json()
        return response

    def failure_ignored(self, error: OpenSearchException, response: SearchResponse) -> None:
        if isinstance(error, (ParameterException, OpenSearchTimeoutException)):
            response.ext[TYPE] = {"error": error.reason}
