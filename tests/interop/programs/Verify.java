import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.security.KeyStore;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Verify chains as Java's TLS clients and servers do, except for the host. Each line
 * read: root, chain, host, usage, with tabs between. Each line written: "ok", or what
 * is wrong.
 */
public class Verify {
    static X509Certificate[] certificates(String path) throws Exception {
        try (InputStream stream = new FileInputStream(path)) {
            return CertificateFactory.getInstance("X.509")
                    .generateCertificates(stream)
                    .toArray(new X509Certificate[0]);
        }
    }

    static void verify(String root, String chain, String usage) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        for (X509Certificate anchor : certificates(root)) {
            store.setCertificateEntry("root" + store.size(), anchor);
        }
        X509Certificate[] presented = certificates(chain);
        if (usage.equals("mail")) {
            PKIXParameters parameters = new PKIXParameters(store);
            parameters.setRevocationEnabled(false);
            CertPathValidator.getInstance("PKIX")
                    .validate(
                            CertificateFactory.getInstance("X.509")
                                    .generateCertPath(List.of(presented)),
                            parameters);
            return;
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        X509TrustManager manager = (X509TrustManager) factory.getTrustManagers()[0];
        if (usage.equals("server")) {
            manager.checkServerTrusted(presented, "UNKNOWN");
        } else {
            manager.checkClientTrusted(presented, "UNKNOWN");
        }
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split("\t", -1);
            try {
                verify(parts[0], parts[1], parts[3]);
                System.out.println("ok");
            } catch (Exception error) {
                System.out.println(error.toString().replace('\n', ' '));
            }
        }
    }
}
