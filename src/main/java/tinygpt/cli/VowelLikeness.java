package tinygpt.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tinygpt.inspection.WeightFile;
import tinygpt.parameters.Parameter;
import tinygpt.text.Tokenizer;

/**
 * How alike the vectors of letters are, as mean cosines: from -1, opposite, over 0, unrelated, to 1.
 *
 * @param vowels of two different vowels
 * @param mixed of a vowel and a consonant
 */
record VowelLikeness(double vowels, double mixed) {
    private static final String VOWELS = "aeiou";
    private static final String CONSONANTS = "bcdfghjklmnpqrstvwxyz";

    /** Of the embedding of a model of characters. */
    static VowelLikeness of(Path model) {
        try (WeightFile file = WeightFile.open(model)) {
            List<float[]> vowels = vectors(file, VOWELS);
            return new VowelLikeness(mean(vowels, vowels), mean(vowels, vectors(file, CONSONANTS)));
        }
    }

    /** How much more alike vowels are to each other than to consonants. */
    double gap() {
        return vowels - mixed;
    }

    private static List<float[]> vectors(WeightFile file, String letters) {
        Parameter embedding = file.registry().get("wte.weight");
        Tokenizer tokenizer = file.tokenizer().orElseThrow();
        int width = embedding.shape()[1];
        List<float[]> vectors = new ArrayList<>();
        for (int id : tokenizer.encode(letters)) {
            float[] vector = new float[width];
            file.read(embedding, (long) id * width, vector, 0, width);
            vectors.add(vector);
        }
        return vectors;
    }

    private static double mean(List<float[]> some, List<float[]> others) {
        double sum = 0;
        int pairs = 0;
        for (float[] a : some) {
            for (float[] b : others) {
                if (a != b) {
                    sum += cosine(a, b);
                    pairs++;
                }
            }
        }
        return sum / pairs;
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        double sizeA = 0;
        double sizeB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            sizeA += (double) a[i] * a[i];
            sizeB += (double) b[i] * b[i];
        }
        return product / Math.sqrt(sizeA * sizeB);
    }
}
