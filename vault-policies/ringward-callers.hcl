# For the people or the job that lets callers in and out, where callers stand in
# Vault. Whoever has it can let anybody look up numbers, but reads no credential:
# what it may read are digests of caller keys.

path "secret/data/ringward/+/callers" {
  capabilities = ["create", "read", "update", "patch"]
}

# Version numbers and times, for `vault kv metadata get`.
path "secret/metadata/ringward/+/callers" {
  capabilities = ["read"]
}
