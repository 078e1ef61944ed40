import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URL;
import java.security.KeyStore;
import java.util.Set;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * Visit servers as Java programs do. Each line read: truststore, host, port, keystore,
 * with tabs between. Each line written: what was served, or what is wrong.
 */
public class Visit {
    static final char[] PASSPHRASE = "changeit".toCharArray();

    static KeyStore store(String path) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream stream = new FileInputStream(path)) {
            store.load(stream, PASSPHRASE);
        }
        return store;
    }

    static String visit(String trusted, String host, int port, String own) throws Exception {
        TrustManager[] trust = null;
        KeyManager[] keys = null;
        if (!trusted.isEmpty()) {
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(store(trusted));
            trust = factory.getTrustManagers();
        }
        if (!own.isEmpty()) {
            KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
            factory.init(store(own), PASSPHRASE);
            keys = factory.getKeyManagers();
        }
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys, trust, null);
        boolean direct = Set.of("localhost", "127.0.0.1", "::1").contains(host);
        String shown = host.contains(":") ? "[" + host + "]" : host;
        URL url = new URL("https://" + shown + ":" + port + "/");
        Proxy proxy = new Proxy(Proxy.Type.HTTP, new InetSocketAddress("127.0.0.1", port));
        HttpsURLConnection connection =
                (HttpsURLConnection) url.openConnection(direct ? Proxy.NO_PROXY : proxy);
        connection.setSSLSocketFactory(context.getSocketFactory());
        connection.setReadTimeout(20000);
        try (InputStream stream = connection.getInputStream()) {
            return new String(stream.readAllBytes(), "UTF-8");
        }
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split("\t", -1);
            String served;
            try {
                served = visit(parts[0], parts[1], Integer.parseInt(parts[2]), parts[3]);
            } catch (Exception error) {
                served = "refused: " + error.toString().replace('\n', ' ');
            }
            System.out.println(served);
        }
    }
}
