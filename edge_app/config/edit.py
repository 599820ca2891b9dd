"""Changes values in the text of a YAML file: every byte that is of no changed value stays, comments among them."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any

import yaml

from edge_app.config.issue import Keys, dotted
from edge_app.config.node_edit import NodeEdit, own_entries
from edge_app.config.text_edit import BY_HAND, TextEdit
from edge_app.config.yaml_loader import TextLoader
from edge_app.core.errors import InputError


class AliasNode(yaml.Node):
    """Where a file says `*name`; PyYAML itself would show what that stands for, at the place of that."""

    id = "alias"


class _PlacesLoader(TextLoader):
    """Composes nodes as they stand in the file."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if not self.check_event(yaml.AliasEvent):
            return super().compose_node(parent, index)
        event = self.peek_event()  # type: ignore[no-untyped-call]
        super().compose_node(parent, index)
        return AliasNode("", None, event.start_mark, event.end_mark)


def edited(content: bytes, at: Keys, old: Mapping[str, Any], new: Mapping[str, Any]) -> bytes:
    """The file with `new` instead of `old`; what is in neither, or the same in both, stays as it is written.

    Whoever calls it looks whether the result, read again, says what was meant: an anchor may have carried the change
    to other places.

    Args:
        content: A YAML file that can be read.
        at: The keys that lead to a mapping.
        old: What it says of some of its keys, as JSON has it, defaults left out.
        new: What it is to say of them; an empty collection is left out, unless a comment in the file is about it.

    Raises:
        InputError: The file is written in a way in which that cannot be changed.
    """
    text = TextEdit(content.decode("utf-8-sig"))
    node = yaml.compose(text.before, _PlacesLoader)
    for depth, key in enumerate(at, 1):
        own = own_entries(node) if isinstance(node, yaml.MappingNode) else {}
        _, node = own.get(str(key), (None, None))
        if not isinstance(node, yaml.MappingNode):
            raise InputError(f"{dotted(at[:depth])}: has no keys of its own in the file; {BY_HAND}")
    assert isinstance(node, yaml.MappingNode)  # noqa: S101, as all above were
    NodeEdit(text).mapping(node, old, new, outermost=True)
    return (codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b"") + text.after.encode()
