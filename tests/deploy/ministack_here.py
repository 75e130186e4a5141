"""ministack, and the one kind of resource of the stack that it does not know: Athena's saved queries."""

import json

from ministack.app import main
from ministack.services import athena
from ministack.services.cloudformation import provisioners


def create(_logical_id, properties, _stack_name):
    status, _, body = athena._create_named_query(properties)
    assert status == 200, body
    query = json.loads(body)["NamedQueryId"]
    return query, {"NamedQueryId": query}


def delete(query, _properties):
    athena._delete_named_query({"NamedQueryId": query})


provisioners._RESOURCE_HANDLERS["AWS::Athena::NamedQuery"] = {"create": create, "delete": delete}
main()
