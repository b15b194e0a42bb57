import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.cert.Certificate;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import net.jsign.AuthenticodeSigner;
import net.jsign.DigestAlgorithm;
import net.jsign.Signable;

/**
 * Signs programs with jsign in one process. Each line of the standard input is an order: a number, the key's alias, the
 * program and the file to sign it into, parted by tabs. Each order is answered with its number, and `failed` and the
 * reason behind it when it failed. As many orders as threads are worked on at once.
 *
 * Arguments: SunPKCS11 configuration, file of the PIN, threads.
 */
public class SignFiles {
    public static void main(String[] arguments) throws Exception {
        Provider token = Security.getProvider("SunPKCS11").configure(arguments[0]);
        char[] pin = Files.readString(Path.of(arguments[1])).toCharArray();
        KeyStore keys = KeyStore.getInstance("PKCS11", token);
        keys.load(null, pin);
        ExecutorService threads = Executors.newFixedThreadPool(Integer.parseInt(arguments[2]));
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            String[] order = line.split("\t");
            threads.submit(() -> answer(order[0], keys, token, order));
        }
        threads.shutdown();
    }

    private static void answer(String number, KeyStore keys, Provider token, String[] order) {
        String answer = number;
        try {
            sign(keys, token, order[1], Path.of(order[2]), Path.of(order[3]));
        } catch (Throwable failure) {
            answer = number + "\tfailed " + failure;
        }
        synchronized (System.out) {
            System.out.println(answer);
            System.out.flush();
        }
    }

    /** jsign signs a file in place, so the copy is a part of its work. */
    private static void sign(KeyStore keys, Provider token, String alias, Path input, Path output) throws Exception {
        Files.copy(input, output, StandardCopyOption.REPLACE_EXISTING);
        PrivateKey key = (PrivateKey) keys.getKey(alias, null);
        Certificate[] chain = keys.getCertificateChain(alias);
        try (Signable program = Signable.of(output.toFile())) {
            new AuthenticodeSigner(chain, key)
                .withSignatureProvider(token)
                .withDigestAlgorithm(DigestAlgorithm.SHA256)
                .withTimestamping(false)
                .sign(program);
        }
    }
}
