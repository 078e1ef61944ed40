import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import javax.net.ssl.HttpsURLConnection;

/** Fetch a page with Java's own client: {@code java Fetch URL}. */
public final class Fetch {
    private Fetch() {}

    public static void main(String[] words) throws IOException {
        HttpsURLConnection connection =
                (HttpsURLConnection) new URL(words[0]).openConnection();
        connection.setConnectTimeout(10_000);
        connection.setReadTimeout(10_000);
        try (InputStream answer = connection.getInputStream()) {
            while (answer.read() >= 0) {}
        } catch (IOException error) {
            System.err.println(error);
            System.exit(1);
        }
    }
}
