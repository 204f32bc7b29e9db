using FlashRt.GraphRewriter.Ir;
using FlashRt.Validation;

namespace FlashRt.Onnx.Tests;

/// <summary>Loops over the repository's models against separate runs of the same session, for the CPU and for the GPU.</summary>
internal static class ModelLoops
{
    private const int Steps = 4;

    internal static Dictionary<string, DeviceTensor> TestInputs(string model, FlashRtSession session)
    {
        string path = TestModels.File(model);
        TestDataSet data = TestData.Read(Path.GetDirectoryName(path)!, OnnxModel.Load(path))[0];
        return session.Inputs.ToDictionary(i => i.Name, i =>
        {
            HostTensor host = data.Inputs[i.Name];
            var tensor = DeviceTensor.Create(i.ElementType, [.. host.Dims]);
            tensor.CopyFromBytes(host.Bytes);
            return tensor;
        });
    }

    /// <summary>Flow matching with Pi0: the loop's state equals that of separate runs of the reference session, which use ordinary buffers and no graph.</summary>
    internal static void Pi0(FlashRtSession session, FlashRtSession reference)
    {
        Dictionary<string, DeviceTensor> inputs = TestInputs("pi0_denoise_fp16", session);
        using var loop = new DenoiseLoop(session, "noise", "noise_next");
        foreach (var (name, tensor) in inputs) loop.Input(name).CopyFrom(tensor);
        loop.Input("dt").Fill(-0.25);
        inputs["dt"].Fill(-0.25);
        loop.Run(Steps, step => loop.Input("timestep").Fill(1 - (0.25 * step)));

        for (int step = 0; step < Steps; step++)
        {
            inputs["timestep"].Fill(1 - (0.25 * step));
            using FlashRtOutputs outputs = reference.Run(inputs);
            inputs["noise"].CopyFrom(outputs["noise_next"]);
        }
        Near(inputs["noise"].ToArray<Half>(), loop.State.ToArray<Half>());
        foreach (DeviceTensor tensor in inputs.Values) tensor.Dispose();
    }

    /// <summary>
    /// Greedy decoding with Gemma over a window of 16 positions: the loop's tokens and logits equal those of separate runs, in a session of their own where the
    /// loop's session captures.
    /// </summary>
    internal static void Gemma(FlashRtSession session, FlashRtSession reference)
    {
        Dictionary<string, DeviceTensor> inputs = TestInputs("gemma_fp16_decode_dynamo", session);
        using var loop = new DecodeLoop(session);
        Assert.AreEqual(CacheUpdate.Window, loop.Update);
        string[] past = [.. inputs.Keys.Where(n => n.StartsWith("past"))];
        foreach (string name in past) loop.Past(name).CopyFrom(inputs[name]);
        long token = inputs["input_ids"].ToArray<long>()[0], position = inputs["position_ids"].ToArray<long>()[0];
        loop.Reset(position);
        for (int step = 0; step < Steps; step++)
        {
            inputs["input_ids"].Fill(token);
            inputs["position_ids"].Fill(position + step);
            using FlashRtOutputs outputs = reference.Run(inputs);
            DeviceTensor logits = loop.Step(token);
            Near(outputs["logits"].ToArray<Half>(), logits.ToArray<Half>());
            token = DecodeLoop.Greedy(outputs["logits"]);
            Assert.AreEqual(token, DecodeLoop.Greedy(logits));
            foreach (string name in past) KeepNewest(inputs[name], outputs[name.Replace("past", "present")]);
        }
        Assert.AreEqual(position + Steps, loop.Position);
        foreach (DeviceTensor tensor in inputs.Values) tensor.Dispose();
    }

    internal static void Near(Half[] expected, Half[] actual)
    {
        double scale = expected.Max(v => Math.Abs((double)v));
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual((double)expected[i], (double)actual[i], 0.01 * scale, $"element {i}");
    }

    private static void KeepNewest(DeviceTensor past, DeviceTensor present)
    {
        Half[] old = past.ToArray<Half>(), all = present.ToArray<Half>();
        int width = (int)past.Shape[3], kept = (int)past.Shape[2] * width, stride = (int)present.Shape[2] * width;
        for (int row = 0; row < old.Length / kept; row++) Array.Copy(all, (row * stride) + stride - kept, old, row * kept, kept);
        past.CopyFrom(old);
    }
}
