package tinygpt.tensor;

/** A norm's gain and the sums of its gradients while a worker goes through the rows. */
final class NormScratch {
    final float[] gain;
    final float[] dGain;
    final float[] dBias;

    NormScratch(int columns) {
        gain = new float[columns];
        dGain = new float[columns];
        dBias = new float[columns];
    }
}
