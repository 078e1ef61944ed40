// Obtain a certificate with acme-client of npm.
//
//     node acme_client.cjs '{"directory": ..., "names": [...], "challenge": ..., ...}'
//
// What it obtains is written to `folder`: cert.pem, chain.pem, key.pem.
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const tls = require('node:tls');

const told = JSON.parse(process.argv[2]);
const acme = require(told.library);

const tokens = new Map();
const alpn = new Map();

function serve() {
    if (told.challenge === 'http-01') {
        return http.createServer((request, response) => {
            const found = tokens.get(request.url);
            response.writeHead(found ? 200 : 404).end(found);
        }).listen(told.httpPort, '127.0.0.1');
    }
    return tls.createServer({
        ALPNProtocols: ['acme-tls/1'],
        SNICallback: (name, done) => done(null, alpn.get(name)),
    }).listen(told.tlsPort, '127.0.0.1');
}

function update(verb, name, value) {
    const script = `server ${told.dnsHost} ${told.dnsPort}\n`
        + `update ${verb} _acme-challenge.${name} 0 TXT "${value}"\nsend\n`;
    execFileSync('nsupdate', ['-k', told.dnsKey], { input: script });
}

async function met(authorization, challenge, keyAuthorization) {
    const name = authorization.identifier.value;
    if (challenge.type === 'http-01') {
        tokens.set(`/.well-known/acme-challenge/${challenge.token}`, keyAuthorization);
    } else if (challenge.type === 'dns-01') {
        update('add', name, keyAuthorization);
    } else {
        const [key, certificate] =
            await acme.crypto.createAlpnCertificate(authorization, keyAuthorization);
        alpn.set(name, tls.createSecureContext({ key, cert: certificate }));
    }
}

async function cleared(authorization, challenge, keyAuthorization) {
    if (challenge.type === 'dns-01') {
        update('delete', authorization.identifier.value, keyAuthorization);
    }
}

async function obtain(client) {
    const [key, csr] = await acme.crypto.createCsr(
        { altNames: told.names },
        await acme.crypto.createPrivateEcdsaKey(),
    );
    const whole = await client.auto({
        csr,
        email: 'npm@acme.test',
        termsOfServiceAgreed: true,
        challengePriority: [told.challenge],
        // It would look at ports 80 and 443 first, where nobody listens.
        skipChallengeVerification: true,
        challengeCreateFn: met,
        challengeRemoveFn: cleared,
    });
    const [first, ...behind] = acme.crypto.splitPemChain(whole);
    fs.writeFileSync(path.join(told.folder, 'cert.pem'), first);
    fs.writeFileSync(path.join(told.folder, 'chain.pem'), behind.join('\n'));
    fs.writeFileSync(path.join(told.folder, 'key.pem'), key);
    return first;
}

async function main() {
    const client = new acme.Client({
        directoryUrl: told.directory,
        accountKey: await acme.crypto.createPrivateEcdsaKey(),
        externalAccountBinding: told.eab,
        backoffMin: 100,
    });
    const server = told.challenge === 'dns-01' ? null : serve();
    let certificate = await obtain(client);
    if (told.session) {
        await client.updateAccount({ contact: ['mailto:second@acme.test'] });
        await client.updateAccountKey(await acme.crypto.createPrivateEcdsaKey());
        const first = certificate;
        certificate = await obtain(client);
        if (certificate === first) throw new Error('it was not renewed');
        await client.revokeCertificate(certificate, { reason: 4 });
        const order = await client.createOrder(
            { identifiers: [{ type: 'dns', value: `gone.${told.names[0]}` }] },
        );
        const [authorization] = await client.getAuthorizations(order);
        const { status } = await client.deactivateAuthorization(authorization);
        if (status !== 'deactivated') throw new Error(`it is ${status}`);
        const account = await client.updateAccount({ status: 'deactivated' });
        if (account.status !== 'deactivated') throw new Error(account.status);
    }
    if (server !== null) server.close();
}

main().then(() => process.exit(0), (error) => {
    console.error(error);
    process.exit(1);
});
