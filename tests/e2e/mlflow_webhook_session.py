"""A session of the unmodified MLflow client with webhooks: `mlflow_webhook_session.py RECEIVER_URL MIXED_WEBHOOK`.

MIXED_WEBHOOK is the id of a webhook that asks for events of MLflow and for others. Exits with 0 where all is as it
should be.
"""

import sys

import pytest
from mlflow import MlflowClient
from mlflow.entities.webhook import WebhookEvent
from mlflow.exceptions import MlflowException


def events(*names):
    return [WebhookEvent.from_str(name) for name in names]


def main(url, mixed):
    client = MlflowClient()
    wanted = events("model_version.created", "model_version_alias.created", "registered_model.created")
    made = client.create_webhook("mine", url, wanted, description="text", secret="s")
    assert (made.name, made.url, made.description, made.status) == ("mine", url, "text", "ACTIVE")
    assert set(made.events) == set(wanted)
    assert made.creation_timestamp == made.last_updated_timestamp > 1.7e12
    assert client.get_webhook(made.webhook_id).to_proto() == made.to_proto()

    assert [one.webhook_id for one in client.list_webhooks()] == [mixed, made.webhook_id]
    page = client.list_webhooks(max_results=1)
    assert [one.webhook_id for one in page] == [mixed]
    assert [one.name for one in client.list_webhooks(page_token=page.token)] == ["mine"]

    tried = client.test_webhook(made.webhook_id)
    assert (tried.success, tried.response_status, tried.response_body) == (True, 200, "{}")
    failed = client.test_webhook(made.webhook_id, event=wanted[1])
    assert (failed.success, failed.response_status) == (False, 500) and "500" in failed.error_message

    tag_set = events("model_version_tag.set")
    changed = client.update_webhook(made.webhook_id, name="other", events=tag_set, status="DISABLED")
    assert (changed.name, changed.status, changed.url, changed.events) == ("other", "DISABLED", url, tag_set)
    client.update_webhook(mixed, events=events("model_version_tag.deleted"))
    client.delete_webhook(made.webhook_id)

    for code, refused in {
        "RESOURCE_DOES_NOT_EXIST": [
            lambda: client.get_webhook(made.webhook_id),
            lambda: client.delete_webhook("none"),
            lambda: client.update_webhook("none", name="x"),
        ],
        "INVALID_PARAMETER_VALUE": [
            lambda: client.create_webhook("a b", url, wanted),
            lambda: client.create_webhook("a", "http://169.254.169.254/", wanted),
            lambda: client.create_webhook("a", "ftp://example.org/", wanted),
            lambda: client.create_webhook("a", url, events("prompt.created")),
            lambda: client.list_webhooks(max_results=1001),
            lambda: client.list_webhooks(page_token="made-up"),
        ],
    }.items():
        for call in refused:
            with pytest.raises(MlflowException) as raised:
                call()
            assert raised.value.error_code == code, raised.value


if __name__ == "__main__":
    main(*sys.argv[1:])
