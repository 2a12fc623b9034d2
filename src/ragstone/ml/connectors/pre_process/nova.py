"""Amazon Nova's embeddings: one text, image, video or sound a call."""

from __future__ import annotations

from typing import Any, ClassVar

from ragstone.core import json
from ragstone.ml.connectors.inputs import ModelInput
from ragstone.ml.connectors.pre_process.function import pre_process_functions, texts_of
from ragstone.ml.values import is_json_tree

_KINDS = {"text": "inputText", "image": "inputImage", "video": "inputVideo", "audio": "inputAudio"}


@pre_process_functions.register("connector.pre_process.bedrock.nova.embedding")
class Embedding:
    """The text may itself be a JSON object that says what it is: `{"image": "..."}`."""

    one_call_per_text: ClassVar[bool] = False

    def parameters(self, given: ModelInput) -> dict[str, Any]:
        text = texts_of(given)[0]
        tree = json.decode(text) if is_json_tree(text) else None
        if isinstance(tree, dict):
            for kind, parameter in _KINDS.items():
                if kind in tree:
                    return {parameter: tree[kind]}
        return {_KINDS["text"]: text}


class _One:
    one_call_per_text: ClassVar[bool] = False
    kind: ClassVar[str]

    def parameters(self, given: ModelInput) -> dict[str, Any]:
        return {_KINDS[self.kind]: texts_of(given)[0]}


@pre_process_functions.register("connector.pre_process.bedrock.nova.text_embedding")
class TextEmbedding(_One):
    kind = "text"


@pre_process_functions.register("connector.pre_process.bedrock.nova.image_embedding")
class ImageEmbedding(_One):
    kind = "image"


@pre_process_functions.register("connector.pre_process.bedrock.nova.video_embedding")
class VideoEmbedding(_One):
    kind = "video"


@pre_process_functions.register("connector.pre_process.bedrock.nova.audio_embedding")
class AudioEmbedding(_One):
    kind = "audio"
