from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from people import ALICE
from topup import __version__
from topup.web import app


def book(client: FlaskClient, what: str, cents: object, key: str = "k1") -> tuple[int, dict[str, object]]:
    answer = client.post(f"/accounts/{ALICE}/{what}", json={"cents": cents}, headers={"Idempotency-Key": key})
    return answer.status_code, answer.get_json()


def test_credit_comes_and_goes(client: FlaskClient) -> None:
    assert book(client, "topup", 1500)[1]["balance"] == 1500
    assert book(client, "charge", 99, "k2")[1]["balance"] == 1401
    assert client.get(f"/accounts/{ALICE}").get_json()["balance"] == 1401


def test_a_repeated_request_is_booked_once(client: FlaskClient) -> None:
    assert book(client, "topup", 1500) == book(client, "topup", 1500)
    assert client.get(f"/accounts/{ALICE}").get_json()["balance"] == 1500


def test_refusals_say_why_and_have_their_own_status(client: FlaskClient) -> None:
    assert client.get(f"/accounts/{ALICE}").status_code == 404
    book(client, "topup", 100)
    assert book(client, "charge", 101, "k2") == (402, {"error": f"{ALICE} has less than 1.01 €."})
    assert book(client, "charge", 100, "k1")[0] == 409


@pytest.mark.parametrize("cents", [0, -1, 1.5, "100", True, None, 100_001])
def test_an_amount_is_whole_cents_within_reason(client: FlaskClient, cents: object) -> None:
    status, answer = book(client, "topup", cents)
    assert status == 422
    assert "whole cents" in str(answer["error"])


@pytest.mark.parametrize("msisdn", ["123", "+4915110000001", "49151abc00001", "4" * 16])
def test_a_number_is_digits(client: FlaskClient, msisdn: str) -> None:
    assert client.get(f"/accounts/{msisdn}").status_code == 422


def test_a_booking_without_a_key_is_refused(client: FlaskClient) -> None:
    assert client.post(f"/accounts/{ALICE}/topup", json={"cents": 1}).status_code == 422


def test_a_body_that_is_not_json_is_refused(client: FlaskClient) -> None:
    answer = client.post(f"/accounts/{ALICE}/topup", data="cents=1", headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422


def test_an_account_remembers_its_recharge(client: FlaskClient) -> None:
    book(client, "topup", 100)
    client.put(f"/accounts/{ALICE}/recharge", json={"below": 500, "by": 1000})
    account = client.get(f"/accounts/{ALICE}").get_json()
    assert (account["recharge_below"], account["recharge_by"]) == (500, 1000)


def test_health_is_well_only_with_the_right_tables(client: FlaskClient) -> None:
    assert client.get("/health").get_json() == {"status": "ok", "version": __version__, "schema": 1}


def test_health_is_not_well_before_the_migration(file: Path) -> None:
    assert app.test_client().get("/health").status_code == 503


def test_the_page_shows_what_was_booked_and_the_version(client: FlaskClient) -> None:
    assert "Nothing is booked yet" in client.get("/").text
    book(client, "topup", 1500)
    page = client.get("/").text
    assert "15.00 €" in page
    assert ALICE in page
    assert __version__ in page
