from pathlib import Path

import pytest

from adapters.sql.statements import StatementInvalid, load_statement, load_statements

HEAD = "-- Looks :around\n-- parameter key: k\n-- column name text: n\n-- column born integer: y\n"
BODY = "select X as NAME, cast(Y as integer) as BORN from T where K = :key"


def written(folder: Path, text: str, name: str = "look") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.sql"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_statement_is_its_text_without_its_head(tmp_path: Path) -> None:
    """Names in comments are no parameters; columns come with their kinds."""
    statement = load_statement(written(tmp_path, f"{HEAD}{BODY} -- and :nothing else\n;\n"))
    assert (statement.name, statement.sql) == ("look", BODY)
    assert statement.parameters == {"key"}
    assert statement.columns == {"name": "text", "born": "integer"}


@pytest.mark.parametrize(
    "text",
    [
        "-- column name text: n\nselect X as NAME from T where K = :key",
        "-- column name text: n\nselect X as NAME from T where K = :Key",
        "-- parameter key: k\n-- column name text: n\nselect X as NAME from T",
        "-- parameter key: k\nselect X as NAME from T where K = :key",
        "-- column name: n\nselect X as NAME from T",
        "-- column name blob: n\nselect X as NAME from T",
        "-- column Name text: n\nselect X as NAME from T",
        "-- parameter key\n-- column name text: n\nselect X as NAME from T where K = :key",
        "-- column name text: n\nexecute procedure P",
        "-- column name text: n\nupdate T set X = 1 returning X as NAME",
        "-- column name text: n\nselect X as NAME from T; select X as NAME from T",
        "-- column name text: n\n",
    ],
)
def test_a_statement_that_breaks_its_own_head_is_invalid(tmp_path: Path, text: str) -> None:
    """Undeclared, unused, without columns or their kinds, or no single query: found at start, and the file is named."""
    with pytest.raises(StatementInvalid, match=r"look\.sql"):
        load_statement(written(tmp_path, text))


@pytest.mark.parametrize(
    "body", ["select 1 as NAME from P(:key)", "with Q as (select :key as K) select K as NAME from Q"]
)
def test_procedures_and_common_table_expressions_are_queries(tmp_path: Path, body: str) -> None:
    """Both are one query, in any case of letters."""
    assert load_statement(
        written(tmp_path, f"-- parameter key: k\n-- column name text: n\n{body.upper().replace(':KEY', ':key')}")
    )


def test_bytes_that_are_no_text_are_told_with_the_file(tmp_path: Path) -> None:
    """An editor of old saved it in another character set."""
    path = tmp_path / "look.sql"
    path.write_bytes(b"-- column name text: \xe9\xe9n\nselect 1 as NAME from T")
    with pytest.raises(StatementInvalid, match=r"look\.sql cannot be read"):
        load_statement(path)


def test_a_site_replaces_a_statement(tmp_path: Path) -> None:
    """Its own file counts where it has one, else the shipped one."""
    shipped, site = tmp_path / "shipped", tmp_path / "site"
    written(shipped, HEAD + BODY)
    written(shipped, HEAD + BODY, "other")
    written(site, HEAD + BODY.replace("from T", "from S"))
    loaded = load_statements(["look", "other"], shipped, site)
    assert "from S" in loaded["look"].sql
    assert "from T" in loaded["other"].sql


def test_a_suffix_in_capitals_is_no_other_kind_of_file(tmp_path: Path) -> None:
    """The site's file is read, or its name refused; never the shipped one in silence."""
    shipped, site = tmp_path / "shipped", tmp_path / "site"
    written(shipped, HEAD + BODY)
    path = written(site, HEAD + BODY.replace("from T", "from S"))
    path = path.rename(path.with_suffix(".SQL"))
    assert "from S" in load_statements(["look"], shipped, site)["look"].sql
    path.rename(path.with_stem("LOOK"))
    with pytest.raises(StatementInvalid, match="replaces none"):
        load_statements(["look"], shipped, site)


def test_a_site_may_replace_what_is_not_in_use(tmp_path: Path) -> None:
    """A folder that serves two ways of configuration is not wrong."""
    shipped, site = tmp_path / "shipped", tmp_path / "site"
    written(shipped, HEAD + BODY)
    written(shipped, HEAD + BODY, "unused")
    written(site, HEAD + BODY, "unused")
    assert load_statements(["look"], shipped, site).keys() == {"look"}


def test_a_mistyped_replacement_is_refused(tmp_path: Path) -> None:
    """Else the shipped statement would run, and nobody would know why."""
    shipped, site = tmp_path / "shipped", tmp_path / "site"
    written(shipped, HEAD + BODY)
    path = written(site, HEAD + BODY, "lok")
    with pytest.raises(StatementInvalid, match=f"{path} replaces none"):
        load_statements(["look"], shipped, site)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """A mistyped folder too."""
    written(tmp_path / "shipped", HEAD + BODY)
    with pytest.raises(StatementInvalid, match="no folder"):
        load_statements(["look"], tmp_path / "shipped", tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("old", "new"), [("born integer", "born text"), ("-- parameter key: k", "-- parameter id: k"), ("born", "age")]
)
def test_a_replacement_with_another_head_is_refused(tmp_path: Path, old: str, new: str) -> None:
    """The code that calls it knows the shipped head only."""
    shipped, site = tmp_path / "shipped", tmp_path / "site"
    written(shipped, HEAD + BODY)
    text = (HEAD + BODY).replace(old, new)
    written(site, text.replace(":key", ":id") if "id" in new else text)
    with pytest.raises(StatementInvalid, match=r"site/look\.sql: its head"):
        load_statements(["look"], shipped, site)


@pytest.mark.parametrize("lacking", [[], ["key"], ["born"], ["key", "born"]])
def test_a_file_of_an_earlier_release_may_lack_what_it_did_not_know(tmp_path: Path, lacking: list[str]) -> None:
    """Parameters and columns that are named, of the statements that are named, and no others."""
    shipped, site = tmp_path / "shipped", tmp_path / "site"
    written(shipped, HEAD + BODY)
    text = HEAD + BODY
    if "key" in lacking:
        text = text.replace("-- parameter key: k\n", "").replace(" where K = :key", "")
    if "born" in lacking:
        text = text.replace("-- column born integer: y\n", "").replace(", cast(Y as integer) as BORN", "")
    written(site, text)
    loaded = load_statements(["look"], shipped, site, may_lack={"look": ["key", "born"], "other": ["name"]})["look"]
    assert loaded.parameters == {"key"} - set(lacking)
    assert loaded.columns.keys() == {"name", "born"} - set(lacking)
    for less in ({"other": lacking}, {"look": lacking[1:]}, {}):
        if lacking:
            with pytest.raises(StatementInvalid, match="head"):
                load_statements(["look"], shipped, site, may_lack=less)
    written(site, text.replace("column name text", "column label text"))
    with pytest.raises(StatementInvalid, match="head"):
        load_statements(["look"], shipped, site, may_lack={"look": ["key", "born"]})


@pytest.mark.parametrize("more", ["city text: where", "visits integer: how often"])
def test_a_site_may_add_columns_where_it_is_told_so(tmp_path: Path, more: str) -> None:
    """The mapping of such a statement knows them; where it is not told so, they are another head."""
    shipped, site = tmp_path / "shipped", tmp_path / "site"
    written(shipped, HEAD + BODY)
    written(site, f"{HEAD}-- column {more}\n{BODY.replace(' from', ', Z as MORE from')}")
    loaded = load_statements(["look"], shipped, site, ["look"])
    assert loaded["look"].columns.keys() == {"name", "born", more.partition(" ")[0]}
    with pytest.raises(StatementInvalid, match="head"):
        load_statements(["look"], shipped, site, ["other"])


@pytest.mark.parametrize(
    ("old", "new"), [("-- column born integer: y\n", ""), ("born integer", "born text"), ("-- parameter key: k\n", "")]
)
def test_a_site_that_may_add_columns_may_drop_none(tmp_path: Path, old: str, new: str) -> None:
    """What the code reads is there, and of the kind that it expects; the parameters are the same."""
    shipped, site = tmp_path / "shipped", tmp_path / "site"
    written(shipped, HEAD + BODY)
    body = BODY if "parameter" not in old else BODY.replace(" where K = :key", "")
    written(site, f"{HEAD.replace(old, new)}-- column city text: where\n{body}")
    with pytest.raises(StatementInvalid, match="head"):
        load_statements(["look"], shipped, site, ["look"])
