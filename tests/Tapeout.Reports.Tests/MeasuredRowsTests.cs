using Tapeout.Reports.Validation;

namespace Tapeout.Reports.Tests;

/// <summary>Rows of chips, stacks and formats beyond those that constants were fitted on: a prediction within physics, or a reason.</summary>
public sealed class MeasuredRowsTests
{
    private const string Gemm = "gpu,stack,dtype,m,n,k,latency_ms\n";
    private const string Attention = "gpu,stack,attn_dtype,kv_dtype,batch,isl,step_or_prefix,heads,kv_heads,latency_ms\n";
    private const string Collective = "gpu,stack,op,dtype,num_gpus,message_size_elements,latency_ms\n";
    private const string Experts = "gpu,stack,dtype,tokens,hidden,intermediate,top_k,experts,tp,ep,distribution,latency_ms\n";

    private static ValidatedRow Row(string header, string row) =>
        ValidationRun.Of(MeasuredFile.Parse("f.csv", header + row + "\n")).Rows.Single();

    [Theory]
    [InlineData("h200_sxm", "nvidia-h200-sxm", "trtllm-h100")]
    [InlineData("NVIDIA H100-SXM5", "nvidia-h100-sxm", "trtllm-h100")]
    [InlineData("a100_sxm", "nvidia-a100-sxm", "trtllm-a100")]
    [InlineData("b200_sxm", "nvidia-b200", "trtllm-b200")]
    [InlineData("gb200", "nvidia-gb200", "trtllm-b200")]
    [InlineData("l40s", "nvidia-l40s", "trtllm-a100")]
    [InlineData("mi210", "amd-mi210", "trtllm-a100")]
    public void GpusByTheirNames_AreTimedOnTheirChips(string gpu, string chip, string software)
    {
        ValidatedRow row = Row(Gemm, $"{gpu},sglang 0.5,bfloat16,8192,8192,8192,1");
        Assert.Equal("", row.Reason);
        Assert.Equal((chip, software), (row.Chip, row.Software));
        // A large product takes no less than the datasheet allows and no more than the chips that were measured take over theirs.
        Assert.InRange(row.Predicted / row.Roofline, 1, 1.6);
    }

    [Theory]
    [InlineData("h100", "nvfp4", "multiplies no 'nvfp4'")]
    [InlineData("a100", "fp8", "multiplies no 'fp8'")]
    [InlineData("a100", "nvfp4", "multiplies no 'nvfp4'")]
    [InlineData("mi210", "w4afp8", "multiplies no 'w4afp8'")]
    [InlineData("h100", "e4m3x", "no number format stands for 'e4m3x'")]
    [InlineData("b200", "nvfp4", "")]
    [InlineData("b200", "w4a8_mxfp4_mxfp8", "")]
    [InlineData("h100", "w4afp8", "")]
    [InlineData("l40s", "fp8_static", "")]
    [InlineData("h200", "w8a8", "")]
    [InlineData("a100", "awq", "")]
    public void Formats_AreTimedWhereTheChipMultipliesThem(string gpu, string dtype, string reason)
    {
        ValidatedRow row = Row(Gemm, $"{gpu},,{dtype},4096,8192,8192,1");
        if (reason.Length > 0)
            Assert.Contains(reason, row.Reason, StringComparison.Ordinal);
        else
            Assert.Equal("", row.Reason);
        if (row.IsExpressed)
            Assert.InRange(row.Predicted / row.Roofline, 1, 2.5);
    }

    /// <summary>Blackwell multiplies four-bit floats at twice the rate of eight-bit floats, and those at twice the rate of bf16.</summary>
    [Fact]
    public void FourBitFloats_AreFasterThanEightBitFloats_OnTheB200()
    {
        double[] times =
        [
            .. new[] { "nvfp4", "fp8_static", "bf16" }.Select(d => Row(Gemm, $"b200,trtllm 1.2,{d},16384,16384,16384,1").Predicted),
        ];
        Assert.InRange(times[1] / times[0], 1.5, 2);
        Assert.InRange(times[2] / times[1], 1.5, 2);
    }

    [Theory]
    [InlineData("gpu,dtype,m,n,k,latency_ms,power,\n", "h100,bfloat16,4096.0,4096,4096,1,3,x")]
    [InlineData(" gpu , dtype,m,n,k,latency_ms\n", "h100,bfloat16,17,51200,333,1")]
    public void ColumnsMoreAndFewer_AreNoHindrance(string header, string row) => Assert.Equal("", Row(header, row).Reason);

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("nan")]
    [InlineData("-1")]
    public void RowsWithoutATime_AreCounted(string latency) =>
        Assert.Equal("the row states no time", Row(Gemm, $"h100,trtllm 1,bfloat16,1,64,64,{latency}").Reason);

    [Theory]
    [InlineData("gb200", "72", "")]
    [InlineData("b200", "16", "16 GPUs are more than the 8")]
    [InlineData("l40s", "2", "no links")]
    public void Collectives_ReachAsFarAsTheLinks(string gpu, string ranks, string reason)
    {
        ValidatedRow row = Row(Collective, $"{gpu},nccl 2.27,all_reduce,half,{ranks},4194304,1");
        Assert.Equal(reason.Length == 0, row.IsExpressed);
        Assert.Contains(reason, row.Reason, StringComparison.Ordinal);
    }

    /// <summary>The A100's switches do not add: each chip sends 2 (n − 1) / n of a message; those of the H100 do, and once up and down is enough.</summary>
    [Fact]
    public void AllReduce_IsAddedByTheSwitchesThatCan()
    {
        const double Bytes = 4294967296.0 * 2;
        ValidatedRow ring = Row(Collective, "a100,nccl 2.27,all_reduce,half,8,4294967296,1");
        ValidatedRow network = Row(Collective, "h100,trtllm 1.2 trtllm,all_reduce,half,8,4294967296,1");
        Assert.True(ring.Predicted > Bytes * 1.75 / 300e9);
        Assert.InRange(network.Predicted, Bytes / 450e9, Bytes * 1.75 / 450e9);
        Assert.True(network.Predicted > network.Roofline);
    }

    /// <summary>Memory beside the die limits long decodes on every chip: kernels are written to fill it.</summary>
    [Theory]
    [InlineData("a100")]
    [InlineData("h100")]
    [InlineData("h200")]
    [InlineData("b200")]
    [InlineData("l40s")]
    public void DecodeAttentionOfLargeBatches_FillsTheMemory(string gpu) =>
        Assert.InRange(Ratio(Row(Attention, $"{gpu},trtllm 1.2,bfloat16,bfloat16,512,1,8191,64,8,1")), 1, 1.25);

    [Fact]
    public void Windows_LeaveWhatIsNotSeen()
    {
        const string Windowed = "gpu,attn_dtype,kv_dtype,batch,isl,step_or_prefix,heads,kv_heads,window,latency_ms\n";
        ValidatedRow whole = Row(Windowed, "h100,bfloat16,bfloat16,64,1,32767,64,8,0,1");
        ValidatedRow windowed = Row(Windowed, "h100,bfloat16,bfloat16,64,1,32767,64,8,4096,1");
        Assert.InRange(whole.Predicted / windowed.Predicted, 6, 8);
        Assert.InRange(whole.Roofline / windowed.Roofline, 7, 8);
    }

    /// <summary>Tokens are quantised before they are sorted, each once, and their scales travel with them.</summary>
    [Theory]
    [InlineData("b200", "nvfp4")]
    [InlineData("gb200", "w4a8_mxfp4_mxfp8")]
    [InlineData("h200", "w4afp8")]
    [InlineData("b200", "w4a16_mxfp4")]
    [InlineData("a100", "int4_wo")]
    public void MixturesOfEveryFormat_AreTimed(string gpu, string dtype)
    {
        ValidatedRow few = Row(Experts, $"{gpu},vllm 0.11,{dtype},1,7168,2048,8,256,1,1,uniform,1");
        ValidatedRow many = Row(Experts, $"{gpu},vllm 0.11,{dtype},16384,7168,2048,8,256,1,1,uniform,1");
        Assert.InRange(Ratio(few), 1, 6);
        Assert.InRange(Ratio(many), 1, 4);
    }

    [Fact]
    public void Report_SaysWhatStandsForWhat()
    {
        ValidationRun run = ValidationRun.Of(
            MeasuredFile.Parse(
                "f.csv",
                Gemm + "b200_sxm,sglang 0.5.6,bfloat16,1,4096,4096,0.01\nb200_sxm,sglang 0.5.6,fp8,1,4096,4096,0.01\n"
            )
        );
        Assert.Equal([("b200_sxm", "sglang 0.5.6", "nvidia-b200", "trtllm-b200", 2)], run.TimedAs);
        using StringWriter text = new();
        ValidationReport.Print(text, run, false);
        Assert.Contains("b200_sxm, sglang 0.5.6: nvidia-b200 with trtllm-b200", text.ToString(), StringComparison.Ordinal);
        Assert.Equal("trtllm-b200", (string?)ValidationReport.Json(run)["timedAs"]![0]!["software"]);
    }

    private static double Ratio(ValidatedRow row) => row.Predicted / row.Roofline;
}
