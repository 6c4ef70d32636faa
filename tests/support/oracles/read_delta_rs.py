# SPDX-License-Identifier: Apache-2.0
"""read_delta_rs.py -- delta-rs as a reader; requests and answers as in facts.py."""
import json

from deltalake import DeltaTable

import facts


def read(request, version):
    table = DeltaTable(request["path"], version=version)
    fields = json.loads(table.schema().to_json())["fields"]
    return facts.facts("delta-rs", request, version, fields, table.metadata().partition_columns,
                       table.to_pyarrow_table().to_pylist())


def versions_of(path):
    return list(range(DeltaTable(path).version() + 1))


if __name__ == "__main__":
    facts.serve("delta-rs", versions_of, read)
    facts.leave()
