"""Tables and messages of the gallery: local files, invalid files, downloads, and the real data."""

import hashlib

import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from texts import files_below

from skrnn.datasets import (
    _churn,
    _credit_card,
    _files,
    _google_stock,
    _sms_spam,
    fetch_churn,
    fetch_credit_card,
    fetch_google_stock,
    fetch_sms_spam,
)

CUSTOMERS = """\
RowNumber,CustomerId,Surname,CreditScore,Geography,Gender,Age,Tenure,Balance,NumOfProducts,HasCrCard,IsActiveMember,EstimatedSalary,Exited
1,15634602,Hargrave,619,France,Female,42,2,0,1,1,1,101348.88,1
2,15647311,Hill,608,Spain,Male,41,1,83807.86,1,0,1,112542.58,0
"""
APPLICATIONS = """\
CustomerID,A1,A2,A3,A4,A5,A6,A7,A8,A9,A10,A11,A12,A13,A14,Class
15776156,1,22.08,11.46,2,4,4,1.585,0,0,0,1,2,100,1213,0
15739548,0,22.67,7,2,8,4,0.165,0,0,0,0,2,160,1,1
"""
DAYS = 'Date,Open,High,Low,Close,Volume\r\n1/03/2012,325.25,332.83,324.97,663.59,"7,380,500"\r\n'
LATER = 'Date,Open,High,Low,Close,Volume\n1/3/2017,778.81,789.63,775.8,786.14,"1,657,300"\n'
MESSAGES = 'ham\t"Ok lar...\nspam\tFree entry \t2 win\n\n'

# For each loader: the text of each of its files, the module, and the name of the module's sources.
CASES = {
    fetch_churn: ({"churn/Churn_Modelling.csv": CUSTOMERS}, _churn),
    fetch_credit_card: ({"credit_card/Credit_Card_Applications.csv": APPLICATIONS}, _credit_card),
    fetch_google_stock: (
        {
            "google_stock/Google_Stock_Price_Train.csv": DAYS,
            "google_stock/Google_Stock_Price_Test.csv": LATER,
        },
        _google_stock,
    ),
    fetch_sms_spam: ({"sms_spam/sms.tsv": MESSAGES}, _sms_spam),
}


def remotes_of(module):
    return list(module._FILES.values()) if hasattr(module, "_FILES") else [module._FILE]


def write_files(fetch, folder, changed=("", "")):
    for name, text in CASES[fetch][0].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(*changed), encoding="utf-8", newline="")


# --- local files ------------------------------------------------------------------------------


def test_fetch_churn(tmp_path):
    write_files(fetch_churn, tmp_path)
    customers = fetch_churn(data_home=tmp_path, download_if_missing=False)
    assert customers.data.shape == (2, 10)
    assert customers.data["Geography"].tolist() == ["France", "Spain"]
    assert customers.data["Balance"].tolist() == [0, 83807.86]
    assert customers.target_names[customers.target[0]] == "left"
    X, y = fetch_churn(data_home=tmp_path, return_X_y=True)
    assert_frame_equal(X, customers.data)
    assert_array_equal(y, [1, 0])


def test_fetch_credit_card(tmp_path):
    write_files(fetch_credit_card, tmp_path)
    applications = fetch_credit_card(data_home=tmp_path, download_if_missing=False)
    assert applications.data.columns.tolist() == [f"A{i}" for i in range(1, 15)]
    assert applications.data.loc[15739548, "A7"] == 0.165
    assert set(applications.categories) < set(applications.data)
    assert_array_equal(applications.target, [0, 1])


def test_fetch_google_stock(tmp_path):
    write_files(fetch_google_stock, tmp_path)
    prices = fetch_google_stock(data_home=tmp_path, download_if_missing=False).frame
    assert prices.index.equals(pd.DatetimeIndex(["2012-01-03", "2017-01-03"], name="date"))
    assert prices.columns.tolist() == ["open", "high", "low", "volume"]
    assert prices["volume"].tolist() == [7380500, 1657300]


def test_fetch_sms_spam_keeps_quotation_marks_and_tabs(tmp_path):
    write_files(fetch_sms_spam, tmp_path)
    X, y = fetch_sms_spam(data_home=tmp_path, download_if_missing=False, return_X_y=True)
    assert X == ['"Ok lar...', "Free entry \t2 win"]
    assert_array_equal(y, [0, 1])


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fetch", "changed", "match"),
    [
        (fetch_churn, (",Exited", ",Left"), "Usecols do not match"),
        (fetch_churn, ("Spain", ""), "table of customers .*: Geography is empty in row 1"),
        (fetch_churn, ("619", "high"), "table of customers"),
        (fetch_credit_card, ("1.585", ""), "table of applications .*: A7 is empty in row 0"),
        (fetch_google_stock, ("1/03/2012", "2012-01-03"), "table of trading days"),
        (fetch_google_stock, ("1/03/2012", ""), "Date is empty in row 0"),
        (fetch_google_stock, ("7,380,500", "many"), "table of trading days .*many"),
        (fetch_sms_spam, ("spam\t", "spam "), r"line 2: expected 'ham' or 'spam', a tab"),
        (fetch_sms_spam, (MESSAGES, "\n"), "contains no message"),
    ],
)
def test_fetch_table_invalid_files(fetch, changed, match, tmp_path):
    write_files(fetch, tmp_path, changed)
    with pytest.raises(ValueError, match=match):
        fetch(data_home=tmp_path, download_if_missing=False)


@pytest.mark.parametrize("fetch", CASES)
def test_fetch_table_invalid_parameters(fetch, tmp_path):
    for given in ({"data_home": 3}, {"download_if_missing": "maybe"}):
        (name,) = given
        with pytest.raises(ValueError, match=f"'{name}' parameter of fetch_"):
            fetch(**{"data_home": tmp_path, **given})


# --- downloads --------------------------------------------------------------------------------


@pytest.mark.parametrize("fetch", CASES)
def test_fetch_table_download(fetch, tmp_path, monkeypatch):
    files, module = CASES[fetch]
    home, source = tmp_path / "home", tmp_path / "source"
    with pytest.raises(OSError, match="does not exist, and download_if_missing=False") as caught:
        fetch(data_home=home, download_if_missing=False)
    assert remotes_of(module)[0].url in str(caught.value)
    write_files(fetch, source)
    remotes = {
        name.split("/")[1]: _files.RemoteFile(
            (source / name).as_uri(), hashlib.sha256((source / name).read_bytes()).hexdigest()
        )
        for name in files
    }
    if hasattr(module, "_FILES"):
        monkeypatch.setattr(module, "_FILES", remotes)
    else:
        monkeypatch.setattr(module, "_FILE", *remotes.values())
    fetch(data_home=home)
    assert sorted(files_below(home)) == sorted(files)


# --- real data --------------------------------------------------------------------------------


@pytest.mark.parametrize("fetch", CASES)
def test_fetch_table_real_data(fetch, need_data, assert_examples_run):
    files, module = CASES[fetch]
    for name, remote in zip(files, remotes_of(module), strict=True):
        assert hashlib.sha256(need_data(name).read_bytes()).hexdigest() == remote.sha256
    assert_examples_run(fetch)


def test_fetch_sms_spam_real_messages(need_data):
    messages = fetch_sms_spam(data_home=need_data("sms_spam"), download_if_missing=False)
    assert len(set(messages.data)) == 5160
