import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CRL;
import java.security.cert.CertPathValidator;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Verify chains with revocation on, from files alone. Each line read: root, chain, CRLs
 * with commas between, an OCSP response for the end entity, with tabs between; either of
 * the last two is empty. Each line written: "ok", or what is wrong.
 */
public class Revocation {
    static List<X509Certificate> certificates(String path) throws Exception {
        List<X509Certificate> found = new ArrayList<>();
        try (InputStream stream = new FileInputStream(path)) {
            for (var one : CertificateFactory.getInstance("X.509").generateCertificates(stream)) {
                found.add((X509Certificate) one);
            }
        }
        return found;
    }

    static CertStore store(String paths) throws Exception {
        List<CRL> found = new ArrayList<>();
        for (String path : paths.split(",")) {
            try (InputStream stream = new FileInputStream(path)) {
                found.add(CertificateFactory.getInstance("X.509").generateCRL(stream));
            }
        }
        return CertStore.getInstance("Collection", new CollectionCertStoreParameters(found));
    }

    static void verify(String root, String chain, String crls, String response)
            throws Exception {
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        TrustAnchor anchor = new TrustAnchor(certificates(root).get(0), null);
        PKIXParameters parameters = new PKIXParameters(Set.of(anchor));
        List<X509Certificate> presented = certificates(chain);
        if (response.isEmpty()) {
            checker.setOptions(EnumSet.of(Option.PREFER_CRLS, Option.NO_FALLBACK));
            parameters.addCertStore(store(crls));
        } else {
            checker.setOptions(EnumSet.of(Option.ONLY_END_ENTITY, Option.NO_FALLBACK));
            byte[] data = Files.readAllBytes(Path.of(response));
            checker.setOcspResponses(Map.of(presented.get(0), data));
        }
        parameters.addCertPathChecker(checker);
        var path = CertificateFactory.getInstance("X.509").generateCertPath(presented);
        validator.validate(path, parameters);
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split("\t", -1);
            try {
                verify(parts[0], parts[1], parts[2], parts[3]);
                System.out.println("ok");
            } catch (Exception error) {
                System.out.println(error.toString().replace('\n', ' '));
            }
        }
    }
}
