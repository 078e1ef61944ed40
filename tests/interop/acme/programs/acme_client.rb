# Obtain a certificate with acme-client of Ruby, which GitLab uses.
#
#     ruby acme_client.rb '{"directory": ..., "names": [...], "tokens": ..., "folder": ...}'
#
# What it obtains is written to `folder`: cert.pem, key.pem; then it is revoked.

require "acme-client"
require "json"

told = JSON.parse(ARGV[0])

# Of elliptic keys it leaves zeros out that RFC 7518 section 6.2.1.2 asks for, now and then.
client = Acme::Client.new(
  private_key: OpenSSL::PKey::RSA.new(2048),
  directory: told["directory"]
)
client.new_account(contact: "mailto:ruby@acme.test", terms_of_service_agreed: true)

order = client.new_order(identifiers: told["names"])
order.authorizations.each do |authorization|
  challenge = authorization.http
  File.write(File.join(told["tokens"], challenge.token), challenge.file_content)
  challenge.request_validation
  while challenge.status == "pending"
    sleep 0.1
    challenge.reload
  end
  raise "#{authorization.domain}: #{challenge.error}" if challenge.status != "valid"
end

key = OpenSSL::PKey::EC.generate("prime256v1")
request = Acme::Client::CertificateRequest.new(
  private_key: key,
  names: told["names"],
  subject: { common_name: told["names"].first }
)
order.finalize(csr: request)
while order.status == "processing"
  sleep 0.1
  order.reload
end
certificate = order.certificate
File.write(File.join(told["folder"], "cert.pem"), certificate)
File.write(File.join(told["folder"], "key.pem"), key.to_pem, perm: 0o600)

client.account_key_change(new_private_key: OpenSSL::PKey::RSA.new(2048))
raise "not revoked" unless client.revoke(certificate: certificate)
client.account_deactivate
