"""Tokens: what is in them, who can read them, and keys that cannot sign."""

from __future__ import annotations

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from wsrun.expressions import MissingVariable
from wsrun.plan import JwtPlan
from wsrun.tokens import TokenError, check_key, mint

NOW = 1_700_000_000.9


def plan(**changes: object) -> JwtPlan:
    """Return a plan with a secret of nine bytes."""
    return JwtPlan(**{"key": "my-secret", "claims": {}, **changes})  # type: ignore[arg-type]


def read(token: str, key: str = "my-secret", algorithm: str = "HS256") -> dict[str, object]:
    """Check the signature of a token and return its claims."""
    options = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
    return jwt.PyJWT(options).decode(token, key, algorithms=[algorithm])  # type: ignore[arg-type]


def pem(private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> tuple[str, str]:
    """Return a private key and its public key as PEM."""
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return secret.decode(), public.decode()


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_token_says_when_it_was_issued_and_when_it_ends() -> None:
    """In whole seconds, as RFC 7519 has them at least."""
    token = mint(plan(lifetime=60.5), {"sub": "user-1"}, NOW)
    assert read(token) == {"sub": "user-1", "iat": 1_700_000_000, "exp": 1_700_000_060}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_claims_of_the_scenario_come_first() -> None:
    """So that a scenario can send tokens that have expired, or will never."""
    token = mint(plan(), {"exp": 5, "iat": 4, "aud": ["a", "b"], "n": None}, NOW)
    assert read(token) == {"exp": 5, "iat": 4, "aud": ["a", "b"], "n": None}


def test_a_short_secret_signs_without_a_word() -> None:
    """It is the secret of the service under test; the tests make an error of every warning."""
    assert mint(plan(key="x"), {}, NOW).count(".") == 2


@pytest.mark.parametrize(
    ("algorithm", "private"),
    [("ES256", ec.generate_private_key(ec.SECP256R1())), ("EdDSA", ed25519.Ed25519PrivateKey.generate())],
)
def test_private_keys_sign(algorithm: str, private: ec.EllipticCurvePrivateKey) -> None:
    """The service checks with the public key."""
    secret, public = pem(private)
    token = mint(plan(key=secret, algorithm=algorithm), {"sub": "a"}, NOW)
    assert read(token, public, algorithm)["sub"] == "a"


@pytest.mark.parametrize(
    ("algorithm", "key", "said"),
    [
        pytest.param(
            "HS265", "my-secret", "there is no algorithm HS265", id="an algorithm that does not exist"
        ),
        pytest.param("none", "my-secret", "this key is none for none", id="no signature at all"),
        pytest.param("RS256", "my-secret", "this key is none for RS256", id="a secret for a private key"),
        pytest.param(
            "HS256", pem(ec.generate_private_key(ec.SECP256R1()))[1], "none for HS256", id="a public key"
        ),
    ],
)
def test_a_key_that_cannot_sign_is_told_without_showing_it(algorithm: str, key: str, said: str) -> None:
    """Errors are printed, keys must not be."""
    problem = check_key(algorithm, key)
    assert problem is not None
    assert said in problem
    assert key not in problem
    with pytest.raises(TokenError) as caught:
        mint(plan(key=key, algorithm=algorithm), {}, NOW)
    assert caught.value.message == problem


def test_a_key_that_signs_has_no_problem() -> None:
    """Whatever its length."""
    assert check_key("HS256", "x") is None


@pytest.mark.parametrize("claims", [{"iss": 5}, {"sub": {"deep": object()}}])
def test_claims_that_cannot_be_are_told(claims: dict[str, object]) -> None:
    """Values of registered claims have types, and what is no JSON is no claim."""
    with pytest.raises(TokenError) as caught:
        mint(plan(), claims, NOW)
    assert caught.value.message.startswith("a token cannot be made of these claims: ")


def test_a_token_that_cannot_be_made_is_a_variable_without_a_value() -> None:
    """A client without a token fails to connect, and is counted; the run goes on."""
    with pytest.raises(MissingVariable) as caught:
        mint(plan(algorithm="x"), {}, NOW)
    assert str(caught.value) == "token has no value: there is no algorithm x"
