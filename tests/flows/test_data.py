"""Files of data: what is read, and that every fault is the file's error, with its place."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claws.flows.data import LIMITS, fitted, read_data
from claws.flows.problem import CannotTrain


def write(folder: Path, text: str) -> str:
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_csv_columns_are_entries(tmp_path: Path) -> None:
    data = read_data(write(tmp_path, "x[0], x[1],target\n1,2,3\n\n4,5,6.5\n"))
    assert set(data) == {"x", "target"}
    np.testing.assert_array_equal(data["x"], [[1, 2], [4, 5]])
    np.testing.assert_array_equal(data["target"], [3, 6.5])


def test_csv_rows_take_the_shape_of_their_input(tmp_path: Path) -> None:
    data = read_data(write(tmp_path, "x[0],x[1],x[2],x[3]\n1,2,3,4\n"))
    assert fitted(data, {"x": (2, 2)})["x"].tolist() == [[[1, 2], [3, 4]]]
    assert fitted(data, {"x": (3,)})["x"].shape == (1, 4)


def test_an_npz_file(tmp_path: Path) -> None:
    path = str(tmp_path / "data.npz")
    np.savez(path, x=np.arange(6).reshape(3, 2))
    np.testing.assert_array_equal(read_data(path)["x"], np.arange(6.0).reshape(3, 2))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a header and at least one row of numbers are needed"),
        ("x\n", "a header and at least one row of numbers are needed"),
        ("x,y\n1,2\n1\n", ":3: 1 numbers in a table of 2 columns"),
        ("x\n1\ntwo\n", ":3: this row has something that is no number"),
        ("x\ninf\n", "every number must be finite"),
    ],
)
def test_csv_that_is_no_data(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(CannotTrain) as failure:
        read_data(write(tmp_path, text))
    assert reason in str(failure.value)


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(CannotTrain, match="there is no file"):
        read_data(str(tmp_path / "none.csv"))
    wrong = tmp_path / "wrong.npz"
    wrong.write_bytes(b"no archive")
    with pytest.raises(CannotTrain, match="is no archive of NumPy arrays"):
        read_data(str(wrong))
    np.savez(str(tmp_path / "objects.npz"), x=np.array([{}, 1], dtype=object), allow_pickle=True)
    with pytest.raises(CannotTrain, match="`x` holds object, not real numbers"):
        read_data(str(tmp_path / "objects.npz"))


def archive(folder: Path, members: dict[str, bytes]) -> str:
    """An archive with these members, packed."""
    path = folder / "made.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return str(path)


def npy(x: object) -> bytes:
    """An array as a `.npy` file."""
    handle = io.BytesIO()
    np.save(handle, np.asarray(x))
    return handle.getvalue()


def test_an_archive_is_bounded_by_what_it_unpacks_to(tmp_path: Path) -> None:
    """Megabytes of zeros take kilobytes; the header says how many there would be, before any is there."""
    most = LIMITS.unpacked // 8
    zeros = npy(np.zeros(most // 64))
    many = {f"x{k}.npy": zeros for k in range(66)}
    with pytest.raises(CannotTrain, match=r"take more than \d+ bytes: `x64` is"):
        read_data(archive(tmp_path, many))
    assert len(read_data(archive(tmp_path, dict(list(many.items())[:3])))) == 3
    # a header that promises more than there is
    lying = npy([1.0, 2.0]).replace(b"(2,), ", b"(99999999999,), ".ljust(6))
    with pytest.raises(CannotTrain, match=r"take more than|is no archive of NumPy arrays"):
        read_data(archive(tmp_path, {"x.npy": lying}))


@given(st.binary(max_size=300), st.integers(0, 400), st.booleans())
def test_damaged_archives_are_errors_of_the_file(noise: bytes, place: int, cut: bool) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = archive(Path(folder), {"x.npy": npy(np.arange(6.0).reshape(3, 2)), "y.npy": npy([1, 2, 3])})
        content = Path(path).read_bytes()
        damaged = content[:place] + noise + (b"" if cut else content[place + len(noise) :])
        Path(path).write_bytes(damaged)
        try:
            assert all(x.dtype == np.float64 for x in read_data(path).values())
            return
        except CannotTrain as problem:
            said = str(problem)
        assert path in said
