"""What the API refuses beyond REST framework's own exceptions. Imported by its settings, so it imports no views."""

from rest_framework import exceptions, status


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class LengthRequired(exceptions.APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = "Send the body with a Content-Length, not in chunks."


class InvalidLogin(exceptions.APIException):
    status_code = status.HTTP_401_UNAUTHORIZED
    default_code = "invalid_login"
    default_detail = "User name and password do not fit, or the account is disabled."


class Unavailable(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = "The database does not answer at the moment. Try again in a few seconds."


class Internal(exceptions.APIException):
    default_code = "internal_error"
    default_detail = "Something went wrong on our side. Tell the operator the request_id; the log has the details."
