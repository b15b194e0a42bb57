import java.io.File;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import net.jsign.DigestAlgorithm;
import net.jsign.Signable;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.x509.DigestInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;

/**
 * Verifies the only signature of each of the files that the arguments name by jsign's rules: its digest is that which jsign computes of the
 * file, and the certificate's key made it. Asked for UTF-8, as its command line does, it decodes files without a byte order mark as Windows does. Prints a line for each: the path, a tab, and `ok` or what is wrong.
 */
public class VerifyFiles {
    public static void main(String[] paths) {
        for (String path : paths) System.out.println(path + "\t" + verdict(new File(path)));
    }

    private static String verdict(File file) {
        try (Signable signable = Signable.of(file, StandardCharsets.UTF_8)) {
            List<CMSSignedData> signatures = signable.getSignatures();
            if (signatures.size() != 1) return signatures.size() + " signatures";
            CMSSignedData signature = new CMSSignedData(signatures.get(0).toASN1Structure());
            SignerInformation signer = signature.getSignerInfos().getSigners().iterator().next();
            X509CertificateHolder certificate =
                (X509CertificateHolder) signature.getCertificates().getMatches(signer.getSID()).iterator().next();
            if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().build(certificate))) return "signature is not valid";
            if (signable instanceof net.jsign.cat.CatalogFile) return "ok";
            ASN1Encodable content = signature.toASN1Structure().getContent();
            ASN1Sequence signedData = ASN1Sequence.getInstance(content);
            ASN1Sequence encapsulated = ASN1Sequence.getInstance(signedData.getObjectAt(2));
            ASN1Sequence indirect =
                ASN1Sequence.getInstance(ASN1Sequence.getInstance((org.bouncycastle.asn1.ASN1TaggedObject) encapsulated.getObjectAt(1), true));
            DigestInfo stated = DigestInfo.getInstance(indirect.getObjectAt(1));
            DigestAlgorithm algorithm = DigestAlgorithm.of(stated.getAlgorithmId().getAlgorithm());
            return MessageDigest.isEqual(stated.getDigest(), signable.computeDigest(algorithm)) ? "ok" : "digest is another";
        } catch (Throwable failure) {
            return failure.toString();
        }
    }
}
