"""Small HEIC files. No encoder is among the dependencies."""

import base64
import zlib

HEIC = {
    "plain": (
        "c-muNV30{GsVvAy%}izhg51nBLl8SRGck>Ufw3kxwIq=N0u(b+a*CjAhJwuG5(YG&l$nzcHpIn&fe{FS"
        "fN=qYW?*2d020cXnR#hoE=W`q$Vp{_@-oVj4M9x4g3OX!xRO7a1w{ow`c7s+az2nQ1uAo9WCjUM04tLF"
        "!0_kqj~@&S{LBeJ9TE<VJdFSUgA_1>R4{{(+%6`EM4+Um6C)#<%mRf*)@iTS&3g7galwHG1_qu6kZ?;9"
        "P&Jzi<H6#Coj^N;lk;<m@{)5ZfTFw%Y(OOpBALYnsZeh_K(R)0P9n%*3Q)I8faw4K|33iv9!TE+(LgLv"
        "kXexl(#Xug!2wd2S&$10V_>kcHZn1@wg8nj<fbG7!<eZ=gK<6Q3AG3J*&J*?8ZRmJICNQQ*+&Owro6u3"
        "$hU_%*S}`mQFCNMtidsf7lEDuWs?saOyzpKZadd8wxb@W^xOSUdO!U(E9RQhOlQfE@3!fkNkWsg*3DeW"
        "!8kLl`_-+0oCWK%V%dzBU0ST7`AIW5nejtT@OiNZwRisCoc6+~OM1>pfvv`CUj>G7U0AKB|EKNP#D$By"
        "PNl8*vzaID-aj@zQG-|6tBwnDec$*jWP(xaj7*_zA0l;k*M8gKc}GywKy=!><3bs_aql!soHQyg7Mr(i"
        "ee*sb)wy<6q_O)Z_l<L`s{gCJnepdGLC*1cmWIz=nR_H<)_iU#J<zFDe#o}+ZsF-KxuF&-SEW4abZOeV"
        "qk5N}iNm>stjCtjmJ%DQPW><w?})LNw7Y4la6N76r7L{72gP{q{&&=MifVM+JV}>B+O6AJ<A!p^(f*t3"
        "d(Cf%=vBrrFS<D)T}s2a^MkZ!{R8b)ORr9t{zLv@-7DKm8#{OZKWOx1{{NG<|Nk`{%gu3cWmHRvTjwib"
        "$lL$SE2-TrHK^~|^L``lqdXiNW=s~pxa_gPI$xhJcc*Z?iBIo0T4BMu+OfDg@|{)5lhubdD|Y7HK5&qM"
        "<B4hBt^YrdKeUYRJEoKI>zHt2Nc118+15>qWc!w|u#4CnoBQSJWV7{)`%ip6?^II1*HAD$Q+r}y>wj;B"
        "C+oJSwhFJ)N~k`XFv%*&?e)v)7mvw#v|Zb-u{y&g(x~Qb^s@%{rds2MuQGR@@2_9;FH+3?1DD&0Dc`aq"
        "-|ECwubSkRSjO^g{Vv(|l!is`*yJRlzo%Vb``7UA|NqBL+qeH?J~Ff3!J;+YVEP}U+z|f!9{_FshkX"
    ),
    "turned": (
        "c-muNV30{GsVvAy%}izhg51nBLl8SRGck>Uf$?~5YDppk1Sn>t<P<^K3<a6VB@Af5Br_);Y>0~k0}}%y"
        "h{gCCLNhQhRRG0+fF&6w!e9o(7MYoOX%GcKEDGeLf|UW)WRxWvG9U>uf|R&cWP+9R6=as=GC)-_vSk(&"
        "6#&^!GYgXQfpjTQuQMYvNN56Bk=zG{KYxGxU|`^9P5|nVaA4$N{Qn=MfElEM8HD6^F*zgxB{iKG8PQ}G"
        "C^WK8d$n%Xvj>U`4m2<@@HBvgTatjP*<2V879Z>c+98~rpHq~VoKpc5<z-+4Dq#@GEG|fe`qlx8HIj1@"
        "K@L-ZxSc@)MF0Q){{birfb<P$SO^qkR%C)SGIMZn04dJQqWlt|a~LEu3vyv`!U*(xBNH=gOB;|Qm06UU"
        "29@ATPAN_X#{$p}rfs<?iNNS$D$!tE&v`=a!F@Id+mFUeN<9u;R$BJa!I>$qFF5k;Vb1lh8F$ninGkDm"
        "OyWhLXF%EH0|!&N9<STZb&Tz($0_}G|C8QNzs-ud<}}k;GUU5$dS{Z*WUX~GS8_1U4C{V%D<EgV`m9(s"
        "<7Jl?t7v}GOipI}kQ01f>_P3F|2L<-FzS+?b5dZd@!D5`VO$qh>*@b#J2r9Q;;vI^EB<WeNxS!tjZf6z"
        "Rradmf?VG>J`0&()H)+mXxoQK-QBg{c6i<q)HD#C_U^b)hHl(D%@QY#%8SM3ZCl^G4@h;cT@`8UzR7*#"
        "9INX8DsN`|`B9K_e4eG@b64gbNtrdD8%hs!YLy?dt-M=!`b%!8#mZGFk2+nN_U@?OWoP1WE+Ol&C9|c("
        "#;Q|4%)~ol>?Q4PnkrmRn|kRAU+zIMp1c1Yb)BLb9XC(X<&bvkcGkF|oN=`O=K5aq8zOp@G0cl@PDq#1"
        "Fz);y?OFdod)3mb6Q=)=e^~d*_R_}A-Tx07J(>Uir0xHI4aahG99$XIQsUP6N*MC?Kl4gzcS{ZGd-lBF"
        "i2EoH$A%e`#V;;<Y_QJP=gZwG9B<;&`;Asuu&#D2u8w?XRq|x@q0Ne&dAAQ7WZ-yWns@8}&*Kj*<NJ>3"
        "Wc)fNoEQ@Q$7;59(<0fvB`oYBHpk|ExjNZw{o?);pU*p$)bBMEOwZJw7})yXTj9yN?WwK8>$DQ8k0wmA"
        "3UYh>a{9$%avp8hwri};aEUakc^mz#!M&;0xZ$hJo#*@O*ZhkVbN|5Qc4Er6?8vt|an-9Pxh0mdd|SUu"
        "wmqd`(K|LdiRkZX7ufza{QLj^anttg|Co==taq?zO*feS$0#?1KOdOs7}y}$*4LLo3&`VOU}6*k<t$M4"
        "0TR~W^v(*zYM`VWm4A3O0|Nj)7?w-"
    ),
    "alpha": (
        "c-muNV30{GsVvAy%}izhg51nBLl8SRGck>UfhjvTwIq=N0u(b+a*CjAhJwuG5(YG2l9`haHpIn&fr)_;"
        "#A51)&_GrNPz(rI*<m6KmOyNgnVFXcQ2@lEKu#)H8Bk3|S+XGmiXan0kgp)KB$olIl5tgLK~VvaZpti3"
        "&IgK>0+l&4G6RJeCV&;mePH<W_s0(g27cxQpbiNKMjpoh|3M0vK`NL*NNyLCLn2U8(}|H0O=f{YBkQzR"
        ">t;QBpt#^b0|Nt314y_f38<RQh4EnV!A_tZ!pZqLMS00N6+ls51~#A)29eC-f>fw)9iUhvIVTb1Fa?O)"
        "86-gT|Ns9VfIJAKZ$QIBpdhm%6Qq%ugM$M|6@vZ50%Fep0rS%zgrCGAegY|A2CD!%9p)u9pqEf34m7cd"
        "MX%bGJ(~%{Hv$n%0;vAsgE@c^WT$#!X@xV0S6Y;3m0OUSZk3T*mTYBYU}$Oul*&x80>_I&W<f42!2r_$"
        "Ya<ggYYPJtYa26rM+;C)Dzhjx4JywE)RzNJDZp@G+L@b@2uxB;B^r$DIZvoPxX<Qb`_XtwsmGzqO3OYv"
        "I5Xw-1xLO;%(?zG<Bpmm6JiaHNxTU33@Dp?;9x4(<8|A)j<Fr}IHlk2f71Kuw^=dQoMt*phJ3e8?@SV!"
        "thH|DN)E=EVcoB81>`JPpB2kyyzJ6q70pkY$;pf#a)Qr`J*d6&|K_w8MqSc#P6})_Ui&IAjO)T`J^epz"
        "$0jaZ+;u8##h=YQY4`rI@rfF|%3gI`kn8)#XCV`eT4!VmZTk?ZySw(=4$nJ+ng*iN-W?ap(2aYiS>mKo"
        "d9m2MZR?x&0jbWlt0IlvH@R<|V^#fM<;{#gKMHb=&$Bdq?#kRFDYNEtL+OD|t@1;*m3IqIf5{ECSh*_Y"
        "QKw7O-W}Du>`WZaC1gFeWVV#pSas@$nRrKxy`<euQ-$kkQ!icN%RMN@bN9cau2WQ_<K{`a9MW#x&KftA"
        "GmiG(T;FScLqxAKhI!G=3F%TA#+@IeJ?kH6uUdL_!t@{V59?mpUfS5X`~N|sC-eWGwEh3D;aF~tgDaz2"
        "O58eM2}9ogXI@F|ZmB_i&z|=iaUbR3*f3+V_{C+94c7Vke7QS?<4t^eztIW{*42*1)sgS4N}jAfv{|t;"
        "@AiR%3>;5P^KSkBdHkVeeBUvhj9<ru6GNi^Sk1O>S|r=IgoRzi=GfdXS0|gTU)+D<^LeL|`n`sN>6zLS"
        "16%)lD?C}ZJ+)PMomN8i(S%7>L2j>KPQQ3e&ZF(xc8%2;E|EqxZ=;_zxHr`rH++@3^L&5(ntzdE?jN|^"
        "PE7fh9r;!#u6orZx5P4*Z|ir-wx={KddDUw5&b>w0^7fafB*kKZrZ;6AM=r!^$r%T=?2sP80CiW=Y#T-"
        "sRrXZ;R!np6SAk&gyr!^sq)R3%d_H(*tN6k<G3wFTF%UNh)xl>cYjuc$$}q~twm(syl}p800518%#r"
    ),
}
"""The demo painting, 32x24: as it is, turned by the container (irot) and by EXIF, and with alpha.

They were made by pillow-heif 1.8.1, whose encoder is no dependency.
"""


def heic(name):
    return zlib.decompress(base64.b85decode(HEIC[name]))
