# For the people or the job that rotates credentials: write new versions and see
# which there are. It cannot read a value, not even one it wrote, and cannot
# destroy one. No Ringward ever has this policy.

path "secret/data/phone/+/+" {
  capabilities = ["create", "update"]
}

path "secret/data/ringward/+/audit" {
  capabilities = ["create", "update"]
}

path "secret/data/ringward/+/limits" {
  capabilities = ["create", "update"]
}

path "secret/data/ringward/+/redis" {
  capabilities = ["create", "update"]
}

# Version numbers and times, for `vault kv metadata get`.
path "secret/metadata/phone/+/+" {
  capabilities = ["read"]
}

path "secret/metadata/ringward/+/audit" {
  capabilities = ["read"]
}
