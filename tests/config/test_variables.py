"""`${VAR}` is put into values, never into the text of the file."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_app.config.variables import Variables
from edge_app.core.errors import ConfigError
from tests.config.files import MODEL, load_text

LOGIN = f"{MODEL}cameras:\n  a:\n    url: rtsp://x\n    password: ${{P}}\n    username: u\n"

CASES = [
    pytest.param("", "", id="nothing"),
    pytest.param("plain $ text {x} $$ $5", "plain $ text {x} $$ $5", id="no variable"),
    pytest.param("${A}", "a", id="alone"),
    pytest.param("<${A}${B}>", "<ab>", id="inside"),
    pytest.param("${A:-x}", "a", id="default not needed"),
    pytest.param("${C:-x: # y}", "x: # y", id="default"),
    pytest.param("${C:-}", "", id="empty default"),
    pytest.param("${EMPTY:-x}", "x", id="default for what is empty, as in the shell"),
    pytest.param("${EMPTY}", "", id="empty"),
    pytest.param("$${A}", "${A}", id="escaped"),
    pytest.param("$$${A}", "$${A}", id="escaped after a dollar"),
    pytest.param("$${A}${A}", "${A}a", id="escaped and not"),
    pytest.param("${D}", "${A}", id="not put in twice"),
]


@pytest.mark.parametrize(("text", "filled"), CASES)
def test_variables_are_replaced(text, filled):
    assert Variables({"A": "a", "B": "b", "EMPTY": "", "D": "${A}"}).fill(text) == filled


@pytest.mark.parametrize("text", ["${", "${}", "${9}", "${A B}", "${A-b}", "${A", "x${A:-b"])
def test_what_is_no_variable_is_an_error_that_tells_the_escape(text):
    with pytest.raises(ValueError, match=r"write \$\$\{"):
        Variables({"A": "a"}).fill(text)


def test_a_variable_that_is_not_set_is_named_with_key_and_place(tmp_path):
    with pytest.raises(ConfigError, match=r":5:15: cameras\.a\.password: the variable P is not set$"):
        load_text(tmp_path, LOGIN)


MARK = "\ufeff"  # a byte-order mark


@given(secret=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda s: s[0] != MARK))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_a_secret_of_any_characters_but_control_characters_survives(tmp_path, secret):
    config = load_text(tmp_path, LOGIN, P=secret)
    password = config.cameras["a"].password
    assert password is not None
    assert password.get_secret_value() == secret


@pytest.mark.parametrize("secret", ["a: # {b", "null", "~", "0123", "true", "${A}", "'\"", "- x", "1e3"])
def test_a_secret_that_looks_like_yaml_stays_what_it_is(tmp_path, secret):
    password = load_text(tmp_path, LOGIN, P=secret).cameras["a"].password
    assert password is not None
    assert password.get_secret_value() == secret


def test_a_variable_that_holds_nothing_gives_nothing(tmp_path):
    assert load_text(tmp_path, LOGIN, P="").cameras["a"].password is None
    quoted = load_text(tmp_path, LOGIN.replace("${P}", '"${P}"'), P="").cameras["a"].password
    assert quoted is not None
    assert quoted.get_secret_value() == ""


def test_a_number_a_switch_and_a_choice_may_come_from_variables(tmp_path):
    camera_a = "a: {url: x, max_fps: '${N}', enabled: '${B}', rotate: '${R}'}"
    text = f"{MODEL}cameras:\n  {camera_a}\n  b: {{url: x}}\n"
    camera = load_text(tmp_path, text, N="12.5", B="false", R="90").cameras["a"]
    assert (camera.max_fps, camera.enabled, camera.rotate) == (12.5, False, 90)


@pytest.mark.parametrize("content", ["from file", "from file\n", "from file\r\n", f"{MARK}from file\r\n"])
def test_a_credential_is_taken_without_what_editors_put_around_it(tmp_path, content):
    (tmp_path / "P").write_bytes(content.encode())
    assert Variables({"CREDENTIALS_DIRECTORY": str(tmp_path)}).fill("${P}") == "from file"


def test_a_credential_keeps_its_spaces(tmp_path):
    (tmp_path / "P").write_bytes(b" a b \n")
    assert Variables({"CREDENTIALS_DIRECTORY": str(tmp_path)}).fill("${P}") == " a b "


@pytest.mark.parametrize("value", ["s3cret\n", "s3cret\r\n", f"{MARK}s3cret", f"{MARK}s3cret\n"])
def test_a_variable_is_taken_without_what_editors_put_around_it_too(tmp_path, value):
    password = load_text(tmp_path, LOGIN, P=value).cameras["a"].password
    assert password is not None
    assert password.get_secret_value() == "s3cret"


@pytest.mark.parametrize(
    "value", ["s3cret\n\n", "\ns3cret", "s3\ncret", "s3\tcret", "s3\0cret", "\x1bs3cret", "s3cret\x7f", "\x9b"]
)
def test_another_control_character_in_a_variable_is_refused_and_its_value_not_shown(tmp_path, value):
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "P").write_text(value, newline="")
    for environ in {"P": value}, {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}:
        with pytest.raises(ConfigError) as caught:
            load_text(tmp_path, LOGIN, **environ)
        where, _, what = str(caught.value).partition("cameras.a.password: ")
        assert where.endswith("c.yaml:5:15: ")
        assert what == "the variable P holds a control character, such as a line break or a tab"


def test_a_default_is_the_file_s_own_text_and_may_hold_anything():
    assert Variables({}).fill("${P:-a\tb\n}") == "a\tb\n"


def test_the_environment_goes_before_credentials(tmp_path):
    (tmp_path / "P").write_text("file")
    assert Variables({"CREDENTIALS_DIRECTORY": str(tmp_path), "P": "env"}).fill("${P}") == "env"


def test_without_a_credential_the_default_counts(tmp_path):
    assert Variables({"CREDENTIALS_DIRECTORY": str(tmp_path)}).fill("${P:-x}") == "x"


def test_a_credential_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "P").mkdir()
    with pytest.raises(ValueError, match=r"cannot read the credential .*/P: Is a directory"):
        Variables({"CREDENTIALS_DIRECTORY": str(tmp_path)}).fill("${P}")


def test_a_credential_that_is_not_text_is_named_and_not_shown(tmp_path):
    (tmp_path / "P").write_bytes(b"s3cret\xff")
    with pytest.raises(ValueError, match=r"is not UTF-8 text$") as caught:
        Variables({"CREDENTIALS_DIRECTORY": str(tmp_path)}).fill("${P}")
    assert "s3cret" not in str(caught.value)
