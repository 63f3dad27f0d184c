"""How allauth lets people in: passwords, limits, second factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from helpdesk.environment import refuse

SIGN_IN = {
    "ACCOUNT_ADAPTER": "helpdesk.accounts.ClosedSignup",
    "ACCOUNT_USER_MODEL_USERNAME_FIELD": None,
    "ACCOUNT_LOGIN_METHODS": {"email"},
    "ACCOUNT_SIGNUP_FIELDS": ["email*", "password1*", "password2*"],
    "ACCOUNT_EMAIL_VERIFICATION": "none",  # agents are made by an admin, who vouches for the address
    "ACCOUNT_LOGOUT_ON_GET": False,
    "ACCOUNT_LOGOUT_REDIRECT_URL": "account_login",
    "ACCOUNT_SESSION_REMEMBER": True,
    "ACCOUNT_PREVENT_ENUMERATION": True,
    "ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS": False,  # or the reset form would mail strangers
    "ACCOUNT_RATE_LIMITS": {
        "login": "30/m/ip",
        "login_failed": "10/m/ip,5/5m/key",
        "reset_password": "20/m/ip,3/10m/key",
        "reset_password_from_key": "20/m/ip",
        "change_password": "5/m/user",
        "reauthenticate": "10/m/user",
    },
    "MFA_ADAPTER": "people.second_factor.SecondFactors",
    "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
    "MFA_PASSKEY_LOGIN_ENABLED": True,
    "MFA_TOTP_TOLERANCE": 1,  # clocks of phones are half a minute off now and then
    "MFA_RECOVERY_CODES_SHOW_ONCE": True,
    "MFA_RECOVERY_CODE_DIGITS": 10,
    "MFA_FORMS": {
        "authenticate": "people.pages.factor_forms.CodeForm",
        "reauthenticate": "people.pages.factor_forms.CodeAgainForm",
        "activate_totp": "people.pages.factor_forms.FirstCodeForm",
    },
}


def sign_in_settings(second_factor: str, *, must_keep_secrets: bool, keys: Sequence[str]) -> dict[str, Any]:
    """The settings; refuses a second factor that is required and cannot be kept."""
    refuse(second_factor not in ("require", "offer"), "HELPDESK_SECOND_FACTOR must be require or offer.")
    refuse(
        must_keep_secrets and second_factor == "require" and not keys,
        "HELPDESK_CREDENTIALS_KEYS must be set: second factors are kept encrypted with it. "
        "`manage.py rotate_credentials --new-key` prints a key.",
    )
    return SIGN_IN
