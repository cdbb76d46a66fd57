# What a Ringward of the staging environment may do in Vault: read its own
# secrets, make the pseudonym key of an epoch, and keep its token alive. It can
# neither list, change nor delete.

# The providers' credentials, one secret a provider. "+" stands for exactly one
# segment of the path. Name the providers instead where you know them.
path "secret/data/phone/staging/+" {
  capabilities = ["read"]
}

# The key under which audit entries hold numbers.
path "secret/data/ringward/staging/audit" {
  capabilities = ["read"]
}

# The pseudonym keys of epochs, one secret an epoch. "create" is the making of one
# that never was: to Vault a second version, and a key in the place of a destroyed
# one, would be an "update".
path "secret/data/ringward/staging/pseudonyms/+" {
  capabilities = ["create", "read"]
}

# Callers that stand in Vault, and what is needed to count limits in a Redis.
# Leave out what you do not use.
path "secret/data/ringward/staging/callers" {
  capabilities = ["read"]
}
path "secret/data/ringward/staging/limits" {
  capabilities = ["read"]
}
path "secret/data/ringward/staging/redis" {
  capabilities = ["read"]
}

# Roles that use this policy leave out Vault's default policy, which allows more.
path "auth/token/renew-self" {
  capabilities = ["update"]
}

# For `ringward doctor`, which checks that this token may do no more than it must.
path "sys/capabilities-self" {
  capabilities = ["update"]
}

# Doctor also looks at its own token and gives it back when it is done.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/revoke-self" {
  capabilities = ["update"]
}
