import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Permission;
import java.security.cert.CertificateFactory;
import java.util.Base64;

/**
 * Runs `jarsigner -verify -strict` for many archives in one virtual machine. Arguments: where a key store may be written, a file of
 * certificates (PEM) to trust, then the archives. Prints a line for each: the path, the exit status, and what jarsigner said in base64, parted by tabs.
 */
public class JudgeJars {
    private static final class Exit extends SecurityException {
        final int status;

        Exit(int status) {
            this.status = status;
        }
    }

    @SuppressWarnings("removal")
    public static void main(String[] arguments) throws Exception {
        trust(Path.of(arguments[0]), Path.of(arguments[1]));
        System.setSecurityManager(new SecurityManager() {
            @Override
            public void checkExit(int status) {
                throw new Exit(status);
            }

            @Override
            public void checkPermission(Permission permission) {}
        });
        PrintStream out = System.out;
        for (int index = 2; index < arguments.length; index++) {
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
            int status = 0;
            try {
                new sun.security.tools.jarsigner.Main().run(new String[] {
                    "-verify", "-strict", "-verbose", "-certs", "-keystore", arguments[0], "-storepass", "changeit", arguments[index]
                });
            } catch (Exit exit) {
                status = exit.status;
            }
            String text = Base64.getEncoder().encodeToString(said.toByteArray());
            out.println(arguments[index] + "\t" + status + "\t" + text);
        }
    }

    private static void trust(Path store, Path certificates) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (InputStream pem = Files.newInputStream(certificates); OutputStream output = Files.newOutputStream(store)) {
            for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(pem))
                trusted.setCertificateEntry("trusted" + trusted.size(), certificate);
            trusted.store(output, "changeit".toCharArray());
        }
    }
}
