#!/bin/sh
# Create what the secure overlay needs in deploy/compose/secrets/: a certificate authority, a
# certificate for each service, and one password for users and programs.
#
# Requires openssl, and perl with a crypt(3) that supports bcrypt: Debian, Ubuntu, Fedora, Alpine
# with perl. On other systems, run it in the image of the demo:
#   docker run --rm -v "$PWD:/work" -w /work python:3.13-slim sh deploy/compose/certificates.sh
#
# Only this user may enter the folder. The files inside are readable by all, because each container
# has its own uid and mounts only its own subfolder.
set -eu
umask 022

here=$(cd "$(dirname "$0")" && pwd)
artifacts=$(cd "$here/../.." && pwd)
out=$here/secrets
[ ! -e "$out" ] || { echo "$out exists; remove it to create new certificates" >&2; exit 1; }
days=825 # maximum that browsers accept

mkdir -m 700 "$out"
trap '[ -e "$out/made" ] || rm -rf "$out"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$days" \
  -subj "/CN=Sightline" -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout "$out/ca.key" -out "$out/ca.pem" 2>/dev/null

password=$(openssl rand -hex 16)
salt=$(openssl rand -base64 24 | tr -d '\n+=/' | cut -c1-21)u
hash=$(PASSWORD=$password SALT=$salt perl -e 'print crypt($ENV{PASSWORD}, q($2b$10$) . $ENV{SALT})')
case $hash in
  "\$2b\$10\$"*) ;;
  *) echo "perl's crypt does not support bcrypt here; run this script in python:3.13-slim, as its first lines show" >&2; exit 1 ;;
esac

certificate() { # certificate NAME: the folder that container NAME mounts at /run/secure
  folder=$out/$1
  mkdir "$folder"
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
    -keyout "$folder/key.pem" -out "$out/request.pem" 2>/dev/null
  cat > "$out/extensions" <<EXTENSIONS
subjectAltName = DNS:$1, DNS:localhost, IP:127.0.0.1
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
EXTENSIONS
  openssl x509 -req -in "$out/request.pem" -CA "$out/ca.pem" -CAkey "$out/ca.key" \
    -CAcreateserial -days "$days" -extfile "$out/extensions" -out "$folder/cert.pem" 2>/dev/null
  cp "$out/ca.pem" "$folder/ca.pem"
  chmod 644 "$folder"/*
}

for name in gateway orders users control traffic jaeger prometheus alertmanager grafana you; do
  certificate "$name"
done

for name in jaeger prometheus grafana you; do
  printf %s "$password" > "$out/$name/password"
done
printf 'sightline:%s\n' "$hash" > "$out/jaeger/htpasswd"

for name in prometheus alertmanager; do
  cat > "$out/$name/web.yml" <<WEB
tls_server_config: {cert_file: cert.pem, key_file: key.pem, min_version: TLS13}
basic_auth_users: {sightline: '$hash'}
WEB
  cat > "$out/$name/client.yml" <<CLIENT
basic_auth: {username: sightline, password: $password}
tls_config: {ca_file: /run/secure/ca.pem}
CLIENT
done

# prometheus/alertmanager.yml keeps the routes; this copy reaches the inbox over TLS.
identity='{tls_config: {ca_file: /run/secure/ca.pem, cert_file: /run/secure/cert.pem, key_file: /run/secure/key.pem}}'
{
  grep -q '^global:' "$artifacts/prometheus/alertmanager.yml" || printf 'global:\n  http_config: %s\n' "$identity"
  sed -e 's#http://control:#https://control:#' -e "s#^global:#global:\n  http_config: $identity#" \
    "$artifacts/prometheus/alertmanager.yml"
} > "$out/alertmanager/alertmanager.yml"

# grafana/provisioning keeps the data sources; these copies contain the password.
mkdir "$out/grafana/datasources"
for file in "$artifacts"/grafana/provisioning/datasources/*; do
  # shellcheck disable=SC2016 # Grafana expands $__file, the shell must not
  sed -e 's#url: http://#url: https://#' \
    -e 's#^\( *\)access: proxy#\1access: proxy\n\1basicAuth: true\n\1basicAuthUser: sightline\n\1secureJsonData: {basicAuthPassword: "$__file{/run/secure/password}", tlsCACert: "$__file{/run/secure/ca.pem}"}#' \
    -e 's#^\( *\)jsonData:#\1jsonData:\n\1  tlsAuthWithCACert: true#' \
    "$file" > "$out/grafana/datasources/${file##*/}"
done

rm "$out/request.pem" "$out/extensions"
: > "$out/made"
echo "created $out; user sightline, password in $out/you/password"
