"""Access tokens over HTTP: who gives them out, whom they let in, and that nothing that looks like one is a 5xx."""

import base64
import zlib
from urllib.parse import urlencode

import httpx
import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.core.clock import Clock
from emulator.run.issuer import Issuer
from emulator.settings import Settings
from tests.conftest import KEY, RunningServer

TENANT = Settings().entra_tenant
OTHER_TENANT = "99999999-2222-4333-8444-555555555555"
RESOURCE = "https://cognitiveservices.azure.com"
NOW = 1_763_035_200.0
BAD_TOKEN = {"statusCode": 401, "message": (
    "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or "
    "have expired."
)}  # fmt: skip
DENIED = "Access denied due to invalid subscription key or wrong API endpoint."
CREDENTIALS = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "any"}


class Place:
    """One server (or a namespace of it), asked with what each call brings and nothing else."""

    def __init__(self, server, path=""):
        self.root = server.url + path
        self.http = httpx.Client(trust_env=False, timeout=30)

    def token(self, tenant="", **form):
        form = {**CREDENTIALS, "scope": RESOURCE + "/.default", **form}
        return self.http.post(f"{self.root}/_emulator/entra{tenant}/oauth2/v2.0/token", data=form)

    def granted(self, tenant="", **form):
        answer = self.token(tenant, **form)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def identity(self, header="any", **query):
        query = {"api-version": "2019-08-01", "resource": RESOURCE, **query}
        headers = {} if header is None else {"X-IDENTITY-HEADER": header}
        return self.http.get(f"{self.root}/_emulator/entra/msi", params=query, headers=headers)

    def ask(self, token=None, base="/openai/v1", path="/models", method="GET", **headers):
        headers = {"authorization": f"Bearer {token}"} if token is not None else headers
        return self.http.request(method, self.root + base + path, headers=headers)

    def advance(self, by):
        assert self.http.post(self.root + "/_emulator/clock", json={"advance": by}).status_code == 200


@pytest.fixture
def place_at():
    places = []

    def make(server, path=""):
        places.append(Place(server, path))
        return places[-1]

    yield make
    for place in places:
        place.http.close()


@pytest.fixture(scope="module")
def checking():
    """One server that checks tokens, for the tests that need no other: making a key takes a while."""
    with RunningServer(Settings(log_level="quiet", entra="on"), Clock(NOW)) as server:
        yield server


@pytest.fixture
def place(checking, place_at, request):
    """A namespace of the test's own."""
    return place_at(checking, f"/ns/{zlib.crc32(request.node.nodeid.encode())}")


class TestTheIssuer:
    @pytest.mark.parametrize("path", ["", "/v2.0", f"/{TENANT}", f"/{TENANT}/v2.0", "/common"])
    def test_its_metadata_lead_to_keys_that_verify_its_tokens(self, place, path):
        found = place.http.get(f"{place.root}/_emulator/entra{path}/.well-known/openid-configuration").json()
        answer = place.http.post(found["token_endpoint"], data={**CREDENTIALS, "scope": RESOURCE + "/.default"})
        assert {name: answer.json()[name] for name in ("token_type", "expires_in", "ext_expires_in")} == {
            "token_type": "Bearer", "expires_in": 86_400, "ext_expires_in": 86_400,
        }  # fmt: skip
        token = answer.json()["access_token"]
        keys = jwt.PyJWKSet.from_dict(place.http.get(found["jwks_uri"]).json())
        key = keys[jwt.get_unverified_header(token)["kid"]]
        said = jwt.decode(
            token, key, ["RS256"], issuer=found["issuer"], audience=RESOURCE, options={"verify_exp": False}
        )
        assert (said["appid"], said["tid"], said["exp"] - said["iat"]) == ("app", TENANT, 86_400)

    def test_the_key_set_shows_no_private_half(self, place):
        [key] = place.http.get(place.root + "/_emulator/entra/discovery/v2.0/keys").json()["keys"]
        assert key.keys() == {"kty", "use", "alg", "kid", "n", "e"}

    def test_the_id_and_the_secret_may_come_as_basic(self, place):
        basic = base64.b64encode(b"my%20app:a%3Asecret").decode()
        answer = place.http.post(
            place.root + "/_emulator/entra/oauth2/v2.0/token",
            data={"grant_type": "client_credentials", "scope": RESOURCE + "/.default"},
            headers={"authorization": f"Basic {basic}"},
        )
        said = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
        assert said["appid"] == "my app"

    @pytest.mark.parametrize(
        ("form", "status", "error"),
        [
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
            ({"grant_type": ""}, 400, "unsupported_grant_type"),
            ({"client_secret": ""}, 401, "invalid_client"),
            ({"scope": ""}, 400, "invalid_scope"),
            ({"scope": RESOURCE}, 400, "invalid_scope"),
            ({"scope": "a/.default b/.default"}, 400, "invalid_scope"),
            ({"scope": "/.default"}, 400, "invalid_resource"),
            ({"scope": "x" * 501 + "/.default"}, 400, "invalid_request"),
            ({"client_id": "x" * 501}, 400, "invalid_request"),
            ({"lifetime": "soon"}, 400, "invalid_request"),
            ({"lifetime": "0s"}, 400, "invalid_request"),
            ({"lifetime": "9" * 40}, 400, "invalid_request"),
        ],
    )
    def test_it_refuses_in_the_words_of_oauth(self, place, form, status, error):
        answer = place.token(**form)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        number = answer.json()["error_codes"][0]
        assert answer.json()["error_description"].startswith(f"AADSTS{number}: ")

    @pytest.mark.parametrize("body", [b"\xff\xfe", b"&".join([b"a=b"] * 101), b"{}"])
    def test_a_body_that_is_no_form_is_refused(self, place, body):
        answer = place.http.post(place.root + "/_emulator/entra/oauth2/v2.0/token", content=body)
        assert answer.status_code == 400
        assert answer.json().keys() == {"error", "error_description", "error_codes"}

    def test_a_body_that_is_too_long_is_refused(self, place):
        answer = place.http.post(place.root + "/_emulator/entra/oauth2/v2.0/token", content=b"x" * 70_000)
        assert answer.status_code == 413

    @pytest.mark.parametrize("header", ["Basic !!!", "Basic /w==", "Basic"])
    def test_a_header_that_cannot_be_read_is_refused(self, place, header):
        url = place.root + "/_emulator/entra/oauth2/v2.0/token"
        form = {"grant_type": "client_credentials", "scope": RESOURCE + "/.default"}
        answer = place.http.post(url, data=form, headers={"authorization": header})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    def test_a_tenant_is_an_id(self, place):
        assert place.token("/contoso.example").json()["error_codes"] == [900023]
        found = place.http.get(place.root + "/_emulator/entra/contoso/.well-known/openid-configuration")
        assert found.status_code == 400


class TestManagedIdentity:
    def test_it_answers_as_app_service_does(self, place):
        answer = place.identity()
        body = answer.json()
        said = jwt.decode(body["access_token"], options={"verify_signature": False})
        assert body == {
            "access_token": body["access_token"],
            "client_id": said["appid"],
            "expires_on": str(int(NOW) + 86_400),
            "resource": RESOURCE,
            "token_type": "Bearer",
        }
        assert (said["aud"], said["exp"]) == (RESOURCE, int(NOW) + 86_400)
        assert place.ask(body["access_token"]).status_code == 200

    @pytest.mark.parametrize(
        ("query", "claim", "value"),
        [
            ({"client_id": "a"}, "appid", "a"),
            ({"object_id": "b"}, "oid", "b"),
            ({"principal_id": "b"}, "oid", "b"),
            ({"mi_res_id": "/subscriptions/1"}, "xms_mirid", "/subscriptions/1"),
        ],
    )
    def test_an_identity_of_the_user_is_in_the_token(self, place, query, claim, value):
        said = jwt.decode(place.identity(**query).json()["access_token"], options={"verify_signature": False})
        assert said[claim] == value

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ({"header": None}, 401),
            ({"header": ""}, 401),
            ({"api-version": "2017-09-01"}, 400),
            ({"api-version": ""}, 400),
            ({"resource": ""}, 400),
            ({"resource": "x" * 501}, 400),
            ({"lifetime": "soon"}, 400),
        ],
    )
    def test_what_it_refuses_has_the_words_that_clients_show(self, place, query, status):
        answer = place.identity(**query)
        assert (answer.status_code, answer.json()["statusCode"]) == (status, status)
        assert answer.json()["message"]

    def test_without_its_packages_it_says_how_to_get_them(self, start_server, place_at, monkeypatch):
        place = place_at(start_server())
        monkeypatch.setattr("emulator.run.issuer.ENTRA_PACKAGES", ("no_such_package",))
        answer = place.identity()
        assert (answer.status_code, answer.json()["statusCode"]) == (501, 501)
        assert "pip install 'responses-emulator[entra]'" in answer.json()["message"]
        assert place.token().json()["error"]["code"] == "extra_missing"

    def test_tokens_are_given_out_where_none_is_checked(self, server, place_at):
        place = place_at(server)
        assert place.ask(place.identity().json()["access_token"]).status_code == 200


class TestTheDoor:
    @pytest.mark.parametrize("base", ["/openai/v1", "/openai", "/v1"])
    def test_a_token_lets_in(self, place, base):
        assert place.ask(place.granted(), base).status_code == 200

    @pytest.mark.parametrize("scope", ["https://ai.azure.com/.default", RESOURCE + "//.default"])
    def test_so_does_one_for_the_services_other_name(self, place, scope):
        assert place.ask(place.granted(scope=scope)).status_code == 200

    def test_another_audience_or_tenant_does_not(self, place):
        for token in (
            place.granted(scope="https://management.azure.com/.default"),
            place.granted(f"/{OTHER_TENANT}"),
        ):
            answer = place.ask(token)
            assert (answer.status_code, answer.json()) == (401, BAD_TOKEN)
            assert place.ask(token, "/v1").json()["error"]["code"] == "invalid_api_key"

    def test_the_tenant_is_a_setting(self, start_server, place_at):
        place = place_at(start_server(entra="on", entra_tenant=OTHER_TENANT))
        assert place.ask(place.granted()).status_code == 200
        assert place.ask(place.granted(f"/{TENANT}")).json() == BAD_TOKEN

    def test_it_expires_by_the_clock_of_its_namespace(self, place_at, start_server):
        server = start_server(Clock(NOW), entra="on", entra_lifetime=3600.0)
        place, other = place_at(server, "/ns/one"), place_at(server, "/ns/two")
        token = place.granted()
        place.advance("3599s")
        assert place.ask(token).status_code == 200
        place.advance("1s")
        assert (place.ask(token).status_code, place.ask(token).json()) == (401, BAD_TOKEN)
        assert other.ask(token).status_code == 200
        assert place.ask(place.granted()).status_code == 200

    def test_it_is_not_valid_before_it_was_issued(self, place):
        place.advance("1h")
        token = place.granted()
        place.http.post(place.root + "/_emulator/clock", json={"mode": "frozen", "now": NOW})
        assert place.ask(token).json() == BAD_TOKEN

    def test_its_lifetime_can_be_asked_for(self, place):
        token = place.granted(lifetime="5m")
        assert place.token(lifetime="5m").json()["expires_in"] == 300
        place.advance("5m")
        assert place.ask(token).json() == BAD_TOKEN
        assert place.identity(lifetime="90s").json()["expires_on"] == str(int(NOW) + 390)

    @pytest.mark.parametrize("roles", ["none", "Reader", ""])
    def test_without_a_role_it_lacks_permission(self, place, roles):
        token = place.identity(roles=roles).json()["access_token"]
        said = jwt.decode(token, options={"verify_signature": False})
        answer = place.ask(token, path="/responses", method="POST")
        assert (answer.status_code, answer.json()) == (401, {"error": {"code": "PermissionDenied", "message": (
            f"The principal `{said['oid']}` lacks the required data action "
            "`Microsoft.CognitiveServices/accounts/OpenAI/responses/write` to perform "
            "`POST /openai/responses` operation."
        )}})  # fmt: skip

    def test_one_role_of_several_is_enough(self, place):
        token = place.granted(roles="Reader, Cognitive Services OpenAI User")
        assert place.ask(token).status_code == 200

    def test_keys_work_beside_tokens(self, place):
        for headers in ({"api-key": KEY}, {"Authorization": f"Bearer {KEY}"}):
            assert place.ask(**headers).status_code == 200
        assert place.ask().json()["error"]["message"].startswith(DENIED)

    def test_a_bad_token_is_not_mended_by_a_key(self, place):
        answer = place.ask(**{"Authorization": "Bearer a.b.c", "api-key": KEY})
        assert answer.json() == BAD_TOKEN

    def test_a_configured_key_may_look_like_a_token(self, start_server, place_at):
        place = place_at(start_server(entra="on", api_keys=("a.b.c",)))
        assert place.ask("a.b.c").status_code == 200
        assert place.ask("a.b.d").json() == BAD_TOKEN
        assert place.ask("other").json()["error"]["code"] == "401"

    def test_only_tokens_where_keys_are_disabled(self, checked):
        place = checked
        assert place.ask(place.granted()).status_code == 200
        for headers in ({"api-key": KEY}, {"Authorization": f"Bearer {KEY}"}):
            answer = place.ask(**headers)
            assert (answer.status_code, answer.json()) == (403, {"error": {
                "code": "AuthenticationTypeDisabled",
                "message": "Key based authentication is disabled for this resource.",
            }})  # fmt: skip
        assert place.ask(base="/v1", **{"api-key": KEY}).status_code == 403
        assert (place.ask().status_code, place.ask().json()["error"]["code"]) == (401, "401")

    def test_info_says_what_is_checked(self, checked, server):
        for root, entra in ((checked.root, "only"), (server.url, "off")):
            assert checked.http.get(root + "/_emulator/info").json()["settings"]["entra"] == entra

    def test_without_the_setting_any_token_is_accepted(self, server, place_at):
        assert place_at(server).ask("a.b.c").status_code == 200

    def test_a_refused_token_opens_no_namespace(self, start_server, place_at):
        server = start_server(entra="on")
        place_at(server, "/ns/strange").ask("a.b.c")
        found = place_at(server).http.get(server.url + "/_emulator/namespaces").json()["data"]
        assert "strange" not in {row["name"] for row in found}

    def test_a_refusal_is_in_the_journal_without_the_token(self, place):
        assert place.ask(place.granted()).status_code == 200
        place.ask("a.b.very-secret-signature")
        entry, _ = place.http.get(place.root + "/_emulator/requests").json()["data"]
        assert entry["status"] == 401
        assert "very-secret" not in str(entry)


class TestKeysOfTheServer:
    """With `--api-keys`, whoever asks for a token needs one of them as its secret."""

    @pytest.fixture
    def place(self, start_server, place_at):
        return place_at(start_server(entra="only", api_keys=("right",)))

    def test_the_secret_of_a_client_is_a_key(self, place):
        assert place.token(client_secret="wrong").json()["error"] == "invalid_client"
        assert place.ask(place.granted(client_secret="right")).status_code == 200
        assert place.ask(place.granted(client_secret="", client_assertion="right")).status_code == 200

    def test_so_is_the_header_of_a_managed_identity(self, place):
        assert place.identity("wrong").json()["statusCode"] == 401
        assert place.ask(place.identity("right").json()["access_token"]).status_code == 200

    def test_a_foreign_page_gets_no_token(self, place):
        url = place.root + "/_emulator/entra/oauth2/v2.0/token"
        answer = place.http.post(url, data=CREDENTIALS, headers={"origin": "https://example.com"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "foreign_origin")


class TestTheSigningKey:
    def test_servers_of_one_database_share_it_and_a_restart_keeps_it(self, start_server, place_at, tmp_path):
        path = str(tmp_path / "all.db")
        one, two = (place_at(start_server(entra="on", db=path)) for _ in range(2))
        token = one.granted()
        assert two.ask(token).status_code == 200
        assert one.ask(two.granted()).status_code == 200

    def test_it_is_in_no_archive(self, place):
        place.granted()
        archive = place.http.get(place.root + "/_emulator/export").content
        assert b"PRIVATE KEY" not in archive
        assert b"PRIVATE KEY" not in place.http.get(place.root + "/_emulator/info").content

    def test_another_database_has_another(self, start_server, place_at):
        one, two = (place_at(start_server(entra="on")) for _ in range(2))
        assert two.ask(one.granted()).json() == BAD_TOKEN

    def test_it_is_made_once(self, start_server, place_at, monkeypatch):
        made = []
        kept = Issuer._kept
        monkeypatch.setattr(Issuer, "_kept", lambda issuer: made.append(1) or kept(issuer))
        place = place_at(start_server(entra="on"))
        assert made == []
        token = place.granted()
        assert place.ask(token).status_code == 200
        assert made == [1]


@pytest.fixture(scope="module")
def checked():
    """A server that takes nothing but tokens."""
    with RunningServer(Settings(log_level="quiet", entra="only"), Clock(NOW)) as server:
        place = Place(server)
        yield place
        place.http.close()


class TestAnything:
    @given(st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f"), min_size=1))
    @settings(max_examples=60)
    def test_no_credential_is_a_5xx(self, checked, text):
        answer = checked.ask(Authorization=f"Bearer {text}".encode("latin-1"))
        assert answer.status_code in (401, 403)

    @given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
    @settings(max_examples=60)
    def test_no_three_parts_are_a_5xx(self, checked, head, body, signature):
        token = ".".join(base64.urlsafe_b64encode(part).decode() for part in (head, body, signature))
        answer = checked.ask(token)
        assert (answer.status_code, answer.json()) == (401, BAD_TOKEN)

    def test_a_token_of_any_length_is_refused(self, checked):
        for token in ("a.b." + "c" * 20_000, "eyJ" + "x" * 500_000, "." * 20_000):
            assert checked.ask(token).json() == BAD_TOKEN

    @given(st.dictionaries(st.sampled_from(["grant_type", "client_secret", "scope", "roles", "lifetime"]), st.text()))
    @settings(max_examples=60)
    def test_no_form_is_a_5xx(self, checked, form):
        body = urlencode({**CREDENTIALS, "scope": RESOURCE + "/.default", **form}, errors="surrogatepass")
        url = checked.root + "/_emulator/entra/oauth2/v2.0/token"
        answer = checked.http.post(url, content=body.encode())
        assert answer.status_code in (200, 400, 401)
