using FlashRt.GraphRewriter.Ir.Protos;

namespace FlashRt.GraphRewriter.Cli.Tests;

/// <summary>Nothing that a command reads, and nothing that is no file, is lost by what it writes.</summary>
[TestClass]
public sealed class OutputFileTests : CliTest
{
    [TestMethod]
    public void WhatIsReadIsNeverWritten()
    {
        var model = PathOf("in.onnx");
        File.Copy(Gemma, model);
        File.CreateSymbolicLink(PathOf("folder"), PathOf(""));
        File.CreateSymbolicLink(PathOf("link.onnx"), "in.onnx");
        string link = PathOf("link.onnx");
        var input = Path.Combine(Directory.CreateDirectory(PathOf("data/test_data_set_0")).FullName, "input_0.pb");
        File.WriteAllText(input, "data");
        var rules = PathOf("rules.dll");
        File.WriteAllText(rules, "rules");
        string there = Path.Combine(PathOf("folder"), "in.onnx"), other = PathOf("out.onnx");
        foreach (var args in (string[][])
        [
            ["rewrite", model, "-o", model],
            ["rewrite", model, "-o", there],
            ["rewrite", link, "-o", model],
            ["rewrite", link, "-o", link],
            ["rewrite", link, "-o", other, "--report", model],
            ["rewrite", model, "-o", other, "--report", model],
            ["rewrite", model, "-o", other, "--html", there],
            ["restore", model, "-o", model],
            ["validate", Gemma, model, "--report", model],
            ["validate", model, Gemma, "--html", there],
            ["explain", model, "--report", model],
            ["bench", model, "--report", model],
            ["validate", Gemma, model, "--data", PathOf("data"), "--report", input],
            ["validate", Gemma, model, "--data", Path.GetDirectoryName(input)!, "--html", input],
            ["rewrite", model, "--rules", rules, "-o", rules],
            ["explain", model, "--rules", "other.dll", "--rules", rules, "--report", rules],
        ]) StringAssert.Contains(Fails(ExitCode.Usage, args), "is an input, which would be lost", string.Join(' ', args));
        CollectionAssert.AreEqual(File.ReadAllBytes(Gemma), File.ReadAllBytes(model));
        Assert.AreEqual("data", File.ReadAllText(input));
        CollectionAssert.AreEqual(new[] { "data", "folder", "in.onnx", "link.onnx", "rules.dll" }, Files.ToArray());
    }

    [TestMethod]
    public void TwoResultsOfOneNameAreAUsageError()
    {
        var same = PathOf("out.onnx");
        StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", same, "--report", same), "--output and --report are both");
        StringAssert.Contains(Fails(ExitCode.Usage, "validate", Gemma, Gemma, "--report", same, "--html", same), "--report and --html are both");
        Assert.IsEmpty(Files);
    }

    [TestMethod]
    public void WeightFilesAreSpared()
    {
        WeightsAreSpared(WithWeights());
        var link = PathOf("weights.bin");
        File.Move(link, PathOf("target.bin"));
        File.CreateSymbolicLink(link, "target.bin");
        WeightsAreSpared(link, "target.bin");
        WeightsAreSpared(PathOf("target.bin"), "target.bin");
    }

    private void WeightsAreSpared(string weights, params string[] others)
    {
        var before = File.ReadAllBytes(weights);
        foreach (var args in (string[][])
        [
            ["rewrite", PathOf("in.onnx"), "-o", weights],
            ["rewrite", PathOf("in.onnx"), "-o", PathOf("out.onnx"), "--report", weights],
            ["rewrite", PathOf("in.onnx"), "-o", PathOf("out.onnx"), "--html", weights],
            ["restore", PathOf("in.onnx"), "-o", weights],
            ["validate", PathOf("in.onnx"), PathOf("in.onnx"), "--report", weights],
            ["explain", PathOf("in.onnx"), "--report", weights],
            ["bench", PathOf("in.onnx"), "--report", weights],
        ]) StringAssert.Contains(Fails(ExitCode.Refused, args), "is a file with weights of", string.Join(' ', args));
        CollectionAssert.AreEqual(before, File.ReadAllBytes(weights));
        CollectionAssert.AreEqual((string[])["in.onnx", .. others, "weights.bin"], Files.ToArray());
        StringAssert.Contains(Assert.ThrowsExactly<OnnxModelException>(() => OnnxModel.Load(PathOf("in.onnx")).Save(weights)).Message, "is a file with weights of the model");
    }

    [TestMethod]
    public void AWeightFileNamedAsTheOutputIsBroughtUnderAnotherName()
    {
        WithWeights("out.onnx");
        var output = Path.Combine(Directory.CreateDirectory(PathOf("there")).FullName, "out.onnx");
        Ok("rewrite", PathOf("in.onnx"), "-o", output);
        Assert.AreEqual(3f, OnnxModel.Load(output).Graph.Find("w")!.Constant!.As<float>()[2]);
        StringAssert.Contains(Ok("validate", PathOf("in.onnx"), output), "passed");
    }

    [TestMethod]
    public void WhatIsNoFileIsNotReplaced()
    {
        StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", ""), "--output names no file");
        StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", PathOf("out.onnx"), "--report", ""), "--report names no file");
        if (!File.Exists("/dev/null")) Assert.Inconclusive("There are no devices with names here.");
        foreach (var device in new[] { "/dev/null", "/dev/stdout", "/dev/new" })
        {
            StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", device), $"{device} is no regular file");
            StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", PathOf("out.onnx"), "--report", device), $"{device} is no regular file");
        }
        StringAssert.Contains(Fails(ExitCode.Refused, "inspect", "/dev/null"), "is a device or a pipe; expected a .onnx file");
        Assert.IsEmpty(Files);
    }

    [TestMethod]
    public void AFolderIsNoModel()
    {
        foreach (var args in (string[][])[["rewrite", PathOf(""), "-o", PathOf("out.onnx")], ["inspect", PathOf("")], ["validate", Gemma, PathOf("")], ["restore", PathOf(""), "-o", PathOf("out.onnx")]])
            StringAssert.Contains(Fails(ExitCode.Refused, args), "is a directory; expected a .onnx file");
        Assert.IsEmpty(Files);
    }

    // in.onnx, whose weights 1, 2, 3, 4 are in a file beside it.
    private string WithWeights(string name = "weights.bin")
    {
        var g = new GraphBuilder();
        g.Output(g.Op("Add", g.Input("x", DataType.Float, 2, 4), g.Initializer("w", DataType.Float, [4], 1, 2, 3, 4)), DataType.Float, 2, 4);
        var model = g.Build();
        var tensor = model.Proto.Graph.Initializer[0];
        File.WriteAllBytes(PathOf(name), tensor.RawData.ToByteArray());
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = name });
        model.Save(PathOf("in.onnx"));
        return PathOf(name);
    }
}
